#include "self_test.h"

#include <string.h>

namespace {

const size_t kShownMismatches = 4;

size_t VectorBytes(const GoldenTensor& tensor) {
  return tensor.elements * tensor.element_bytes;
}

const uint8_t* GoldenValues(const GoldenTensor& tensor, size_t vector) {
  return static_cast<const uint8_t*>(tensor.values) +
         vector * VectorBytes(tensor);
}

void PrintSigned(PrintFunction print, const char* text, int64_t number) {
  print(text);
  const uint64_t bits = static_cast<uint64_t>(number);
  PrintNumber(print, number < 0 ? "-" : "",
              static_cast<size_t>(number < 0 ? 0 - bits : bits));
}

// Prints the first elements that differ; returns the number of all.
size_t CompareOutput(const GoldenTensor& tensor, const uint8_t* expected,
                     const void* actual, PrintFunction print) {
  size_t differing = 0;
  for (size_t i = 0; i < tensor.elements; ++i) {
    const int64_t wanted = tensor.element(expected, i);
    const int64_t got = tensor.element(actual, i);
    differing += wanted != got ? 1 : 0;
    if (wanted != got && differing <= kShownMismatches) {
      PrintNumber(print, "  element ", i);
      PrintSigned(print, ": expected ", wanted);
      PrintSigned(print, ", got ", got);
      print("\n");
    }
  }
  return differing;
}

bool OutputMatches(const SelfTestModel& model, size_t vector, size_t output,
                   PrintFunction print) {
  const GoldenTensor& tensor = model.outputs[output];
  const uint8_t* expected = GoldenValues(tensor, vector);
  const void* actual = model.output(output);
  const size_t differing = CompareOutput(tensor, expected, actual, print);
  if (differing > 0) {
    PrintNumber(print, "  output ", output);
    PrintNumber(print, ": ", differing);
    PrintNumber(print, " of ", tensor.elements);
    print(" elements differ\n");
  }
  return differing == 0;
}

struct Tools {
  PrintFunction print;
  CountFunction count;
  uint32_t longest;  // inference, in counts
};

ModelStatus TimedInvoke(const SelfTestModel& model, Tools* tools) {
  if (tools->count == nullptr) {
    return model.invoke();
  }
  const uint32_t start = tools->count();
  const ModelStatus status = model.invoke();
  const uint32_t counts = tools->count() - start;
  tools->longest = counts > tools->longest ? counts : tools->longest;
  return status;
}

bool VectorPasses(const SelfTestModel& model, size_t vector, Tools* tools) {
  if (model.reset != nullptr && model.reset() != kModelOk) {
    tools->print("  reset failed\n");
    return false;
  }
  for (size_t i = 0; i < model.input_count; ++i) {
    const GoldenTensor& tensor = model.inputs[i];
    memcpy(model.input(i), GoldenValues(tensor, vector), VectorBytes(tensor));
  }
  const ModelStatus status = TimedInvoke(model, tools);
  if (status != kModelOk) {
    PrintNumber(tools->print, "  invoke returned ", status);
    tools->print("\n");
    return false;
  }
  bool passed = true;
  for (size_t i = 0; i < model.output_count; ++i) {
    passed = OutputMatches(model, vector, i, tools->print) && passed;
  }
  return passed;
}

size_t RunVectors(const SelfTestModel& model, Tools* tools) {
  size_t failed = 0;
  for (size_t i = 0; i < model.vector_count; ++i) {
    const bool passed = VectorPasses(model, i, tools);
    tools->print(model.name);
    PrintNumber(tools->print, ": vector ", i);
    tools->print(passed ? " PASS\n" : " FAIL\n");
    failed += passed ? 0 : 1;
  }
  return failed;
}

}  // namespace

size_t RunSelfTest(const SelfTestModel& model, PrintFunction print,
                   CountFunction count) {
  Tools tools = {print, count, 0};
  const ModelStatus status = model.init();
  const size_t failed =
      status == kModelOk ? RunVectors(model, &tools) : model.vector_count;
  print("edgecompress: model=");
  print(model.name);
  PrintNumber(print, " init=", status);
  PrintNumber(print, " vectors=", model.vector_count);
  PrintNumber(print, " failed=", failed);
  PrintNumber(print, " arena_used_bytes=", model.arena_used());
  PrintNumber(print, " inference_counts=", tools.longest);
  print("\n");
  return failed;
}

void PrintNumber(PrintFunction print, const char* text, size_t number) {
  char digits[24];
  size_t position = sizeof(digits) - 1;
  digits[position] = '\0';
  do {
    --position;
    digits[position] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  print(text);
  print(&digits[position]);
}
