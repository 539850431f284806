#include "self_test.h"

#include <string.h>

namespace {

const uint8_t* GoldenValues(const GoldenTensor& tensor, size_t vector) {
  return static_cast<const uint8_t*>(tensor.values) + vector * tensor.bytes;
}

void PrintMismatch(PrintFunction print, size_t output, size_t byte,
                   uint8_t expected, uint8_t actual, size_t differing) {
  PrintNumber(print, "  output ", output);
  PrintNumber(print, " byte ", byte);
  PrintNumber(print, ": expected ", expected);
  PrintNumber(print, ", got ", actual);
  PrintNumber(print, "; bytes that differ: ", differing);
  print("\n");
}

bool OutputMatches(const SelfTestModel& model, size_t vector, size_t output,
                   PrintFunction print) {
  const GoldenTensor& tensor = model.outputs[output];
  const uint8_t* expected = GoldenValues(tensor, vector);
  const uint8_t* actual = static_cast<const uint8_t*>(model.output(output));
  size_t first = 0;
  size_t differing = 0;
  for (size_t i = 0; i < tensor.bytes; ++i) {
    if (expected[i] != actual[i]) {
      first = differing == 0 ? i : first;
      ++differing;
    }
  }
  if (differing > 0) {
    PrintMismatch(print, output, first, expected[first], actual[first],
                  differing);
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
    memcpy(model.input(i), GoldenValues(tensor, vector), tensor.bytes);
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
