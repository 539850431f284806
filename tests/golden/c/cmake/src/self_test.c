#include "self_test.h"

#include <string.h>

enum { kShownMismatches = 4 };

typedef struct Tools {
  PrintFunction print;
  CountFunction count;
  uint32_t longest;  // inference, in counts
} Tools;

static size_t VectorBytes(const GoldenTensor* tensor) {
  return tensor->elements * tensor->element_bytes;
}

static const uint8_t* GoldenValues(const GoldenTensor* tensor, size_t vector) {
  return (const uint8_t*)tensor->values + vector * VectorBytes(tensor);
}

// The element at an index; least significant bytes first, as all cores that
// TFLite's files are for have them.
static int64_t ElementAt(const GoldenTensor* tensor, const void* values,
                         size_t index) {
  const uint8_t* bytes = (const uint8_t*)values + index * tensor->element_bytes;
  const unsigned bits = (unsigned)tensor->element_bytes * 8;
  uint64_t element = 0;
  for (size_t i = 0; i < tensor->element_bytes; ++i) {
    element |= (uint64_t)bytes[i] << (8 * i);
  }
  // Elements have 8 bits at least.
  // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
  if (tensor->is_signed && bits < 64 && (element >> (bits - 1)) != 0) {
    element |= UINT64_MAX << bits;
  }
  return (int64_t)element;
}

static void PrintSigned(PrintFunction print, const char* text, int64_t number) {
  const uint64_t bits = (uint64_t)number;
  print(text);
  PrintNumber(print, number < 0 ? "-" : "",
              (size_t)(number < 0 ? 0 - bits : bits));
}

// Prints the first elements that differ; returns the number of all.
static size_t CompareOutput(const GoldenTensor* tensor, const uint8_t* expected,
                            const void* actual, PrintFunction print) {
  size_t differing = 0;
  for (size_t i = 0; i < tensor->elements; ++i) {
    const int64_t wanted = ElementAt(tensor, expected, i);
    const int64_t got = ElementAt(tensor, actual, i);
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

static int OutputMatches(const SelfTestModel* model, size_t vector,
                         size_t output, PrintFunction print) {
  const GoldenTensor* tensor = &model->outputs[output];
  const uint8_t* expected = GoldenValues(tensor, vector);
  const void* actual = model->output(output);
  const size_t differing = CompareOutput(tensor, expected, actual, print);
  if (differing > 0) {
    PrintNumber(print, "  output ", output);
    PrintNumber(print, ": ", differing);
    PrintNumber(print, " of ", tensor->elements);
    print(" elements differ\n");
  }
  return differing == 0;
}

static ModelStatus TimedInvoke(const SelfTestModel* model, Tools* tools) {
  if (tools->count == NULL) {
    return model->invoke();
  }
  const uint32_t start = tools->count();
  const ModelStatus status = model->invoke();
  const uint32_t counts = tools->count() - start;
  tools->longest = counts > tools->longest ? counts : tools->longest;
  return status;
}

static int VectorPasses(const SelfTestModel* model, size_t vector,
                        Tools* tools) {
  if (model->reset != NULL && model->reset() != kModelOk) {
    tools->print("  reset failed\n");
    return 0;
  }
  for (size_t i = 0; i < model->input_count; ++i) {
    const GoldenTensor* tensor = &model->inputs[i];
    memcpy(model->input(i), GoldenValues(tensor, vector), VectorBytes(tensor));
  }
  const ModelStatus status = TimedInvoke(model, tools);
  if (status != kModelOk) {
    PrintNumber(tools->print, "  invoke returned ", (size_t)status);
    tools->print("\n");
    return 0;
  }
  int passed = 1;
  for (size_t i = 0; i < model->output_count; ++i) {
    passed = OutputMatches(model, vector, i, tools->print) && passed;
  }
  return passed;
}

static size_t RunVectors(const SelfTestModel* model, Tools* tools) {
  size_t failed = 0;
  for (size_t i = 0; i < model->vector_count; ++i) {
    const int passed = VectorPasses(model, i, tools);
    tools->print(model->name);
    PrintNumber(tools->print, ": vector ", i);
    tools->print(passed ? " PASS\n" : " FAIL\n");
    failed += passed ? 0 : 1;
  }
  return failed;
}

size_t RunSelfTest(const SelfTestModel* model, PrintFunction print,
                   CountFunction count) {
  Tools tools = {print, count, 0};
  const ModelStatus status = model->init();
  const size_t failed =
      status == kModelOk ? RunVectors(model, &tools) : model->vector_count;
  print("edgecompress: model=");
  print(model->name);
  PrintNumber(print, " init=", (size_t)status);
  PrintNumber(print, " vectors=", model->vector_count);
  PrintNumber(print, " failed=", failed);
  PrintNumber(print, " arena_used_bytes=", model->arena_used());
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
    digits[position] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  print(text);
  print(&digits[position]);
}
