#include "{{ model.prefix }}_model_runner.h"

#include <new>

{{ model.runner_headers | includes }}

{% if framework == "cmake" %}
#ifdef EDGECOMPRESS_PROFILE
#include "profiled_op_resolver.h"
#endif

{% endif %}
namespace {

{% if framework == "cmake" %}
#ifdef EDGECOMPRESS_PROFILE
using OpResolver = ProfiledOpResolver<{{ model.registrations | length }}>;
#else
using OpResolver = tflite::MicroMutableOpResolver<{{ model.registrations | length }}>;
#endif
{% else %}
using OpResolver = tflite::MicroMutableOpResolver<{{ model.registrations | length }}>;
{% endif %}
using Interpreter = tflite::MicroInterpreter;

// Built by placement new: no heap, and no guard of a function-local static.
alignas(OpResolver) uint8_t g_resolver_storage[sizeof(OpResolver)];
alignas(Interpreter) uint8_t g_interpreter_storage[sizeof(Interpreter)];
Interpreter* g_interpreter = nullptr;
{% if model.resource_variables and model.stateful %}
tflite::MicroProfilerInterface* g_profiler = nullptr;
{% endif %}

{% if model.decodes %}
{% include "tflm/decode.inc" %}

{% endif %}
// The operators of the model and no others.
void AddOperators(OpResolver* resolver) {
{% if model.decodes %}
  auto decode = tflite::micro::RegisterOp(nullptr, PrepareDecode, Decode);
{% endif %}
  // Adding fails only for want of room, and there is room for each.
{% if model.registrations | selectattr("variant") | list %}
#ifdef EDGECOMPRESS_ALL_TYPES
{% for registration in model.registrations %}
  resolver->{{ registration.call_for_all_types }};
{% endfor %}
#else
  // Kernels for the types of this model alone, where TFLM has such.
{% for registration in model.registrations %}
  resolver->{{ registration.call }};
{% endfor %}
#endif
{% else %}
{% for registration in model.registrations %}
  resolver->{{ registration.call }};
{% endfor %}
{% endif %}
}

{% if models | length > 1 %}
bool IsReady() {
  return g_interpreter != nullptr && g_tensor_arena_owner == &g_interpreter;
}
{% else %}
bool IsReady() { return g_interpreter != nullptr; }
{% endif %}

ModelStatus Initialize(tflite::MicroProfilerInterface* profiler) {
  g_interpreter = nullptr;
{% if model.resource_variables and model.stateful %}
  g_profiler = profiler;
{% endif %}
{% if models | length > 1 %}
  g_tensor_arena_owner = nullptr;
{% endif %}
{% if arena_place.on_heap %}
  if (!TakeTensorArena()) {
    return kModelErrorAllocate;
  }
{% endif %}
  OpResolver* resolver = new (g_resolver_storage) OpResolver();
  AddOperators(resolver);
  const void* data = g_{{ model.prefix }}_model_data;
  const tflite::Model* model = tflite::GetModel(data);
{% if model.resource_variables %}
  tflite::MicroAllocator* allocator =
      tflite::MicroAllocator::Create(g_tensor_arena, kTensorArenaSize);
  tflite::MicroResourceVariables* variables =
      tflite::MicroResourceVariables::Create(allocator, {{ model.resource_variables }});
  Interpreter* interpreter = new (g_interpreter_storage)
      Interpreter(model, *resolver, allocator, variables, profiler);
{% else %}
  Interpreter* interpreter = new (g_interpreter_storage) Interpreter(
      model, *resolver, g_tensor_arena, kTensorArenaSize, nullptr, profiler);
{% endif %}
  if (interpreter->AllocateTensors() != kTfLiteOk) {
    return kModelErrorAllocate;
  }
  g_interpreter = interpreter;
{% if models | length > 1 %}
  g_tensor_arena_owner = &g_interpreter;
{% endif %}
  return kModelOk;
}

}  // namespace

{% if model.labels %}
extern "C" const char* const g_{{ model.prefix }}_labels[] = {
{% for label in model.labels %}
    {{ label | c_string }},
{% endfor %}
};

{% endif %}
extern "C" ModelStatus {{ model.prefix }}_init(void) {
  // ModelRunner::Init takes a profiler.
  return Initialize(nullptr);
}

extern "C" ModelStatus {{ model.prefix }}_invoke(void) {
  if (!IsReady()) {
    return kModelErrorNotReady;
  }
{% if model.resets_itself %}
  if (g_interpreter->Reset() != kTfLiteOk) {
    return kModelErrorInvoke;
  }
{% endif %}
  return g_interpreter->Invoke() == kTfLiteOk ? kModelOk : kModelErrorInvoke;
}

{% if model.stateful %}
extern "C" ModelStatus {{ model.prefix }}_reset(void) {
  if (!IsReady()) {
    return kModelErrorNotReady;
  }
{% if model.resource_variables %}
  // TFLM's own Reset would give variables their zero point, and not what
  // CALL_ONCE starts them with.
  return Initialize(g_profiler);
{% else %}
  return g_interpreter->Reset() == kTfLiteOk ? kModelOk : kModelErrorInvoke;
{% endif %}
}

{% endif %}
extern "C" size_t {{ model.prefix }}_arena_used(void) {
  return IsReady() ? g_interpreter->arena_used_bytes() : 0;
}

extern "C" void* {{ model.prefix }}_input(size_t index) {
  const bool exists = index < {{ model.inputs | length }} && IsReady();
  return exists ? g_interpreter->input(index)->data.data : nullptr;
}

extern "C" const void* {{ model.prefix }}_output(size_t index) {
  const bool exists = index < {{ model.outputs | length }} && IsReady();
  return exists ? g_interpreter->output(index)->data.data : nullptr;
}

namespace {{ model.prefix }} {

ModelStatus ModelRunner::Init(tflite::MicroProfilerInterface* profiler) {
  return Initialize(profiler);
}

}  // namespace {{ model.prefix }}
