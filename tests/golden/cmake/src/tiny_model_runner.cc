#include "tiny_model_runner.h"

#include <new>

#include "tensor_arena.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tiny_model_data.h"

#ifdef EDGECOMPRESS_PROFILE
#include "profiled_op_resolver.h"
#endif

namespace {

#ifdef EDGECOMPRESS_PROFILE
using OpResolver = ProfiledOpResolver<1>;
#else
using OpResolver = tflite::MicroMutableOpResolver<1>;
#endif
using Interpreter = tflite::MicroInterpreter;

// Built by placement new: no heap, and no guard of a function-local static.
alignas(OpResolver) uint8_t g_resolver_storage[sizeof(OpResolver)];
alignas(Interpreter) uint8_t g_interpreter_storage[sizeof(Interpreter)];
Interpreter* g_interpreter = nullptr;

// The operators of the model and no others.
void AddOperators(OpResolver* resolver) {
  // Adding fails only for want of room, and there is room for each.
  resolver->AddFullyConnected();
}

bool IsReady() { return g_interpreter != nullptr; }

ModelStatus Initialize(tflite::MicroProfilerInterface* profiler) {
  g_interpreter = nullptr;
  OpResolver* resolver = new (g_resolver_storage) OpResolver();
  AddOperators(resolver);
  const void* data = g_tiny_model_data;
  const tflite::Model* model = tflite::GetModel(data);
  Interpreter* interpreter = new (g_interpreter_storage) Interpreter(
      model, *resolver, g_tensor_arena, kTensorArenaSize, nullptr, profiler);
  if (interpreter->AllocateTensors() != kTfLiteOk) {
    return kModelErrorAllocate;
  }
  g_interpreter = interpreter;
  return kModelOk;
}

}  // namespace

extern "C" const char* const g_tiny_labels[] = {
    "one",
    "two \0422\042",
    "tr\303\252s",
};

extern "C" ModelStatus tiny_init(void) {
  // ModelRunner::Init takes a profiler.
  return Initialize(nullptr);
}

extern "C" ModelStatus tiny_invoke(void) {
  if (!IsReady()) {
    return kModelErrorNotReady;
  }
  return g_interpreter->Invoke() == kTfLiteOk ? kModelOk : kModelErrorInvoke;
}

extern "C" size_t tiny_arena_used(void) {
  return IsReady() ? g_interpreter->arena_used_bytes() : 0;
}

extern "C" void* tiny_input(size_t index) {
  const bool exists = index < 1 && IsReady();
  return exists ? g_interpreter->input(index)->data.data : nullptr;
}

extern "C" const void* tiny_output(size_t index) {
  const bool exists = index < 1 && IsReady();
  return exists ? g_interpreter->output(index)->data.data : nullptr;
}

namespace tiny {

ModelStatus ModelRunner::Init(tflite::MicroProfilerInterface* profiler) {
  return Initialize(profiler);
}

}  // namespace tiny
