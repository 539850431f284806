// Runs models on golden vectors and compares their outputs bit for bit.

#ifndef EDGECOMPRESS_SELF_TEST_H_
#define EDGECOMPRESS_SELF_TEST_H_

#include <stddef.h>
#include <stdint.h>

#include "model_status.h"

#ifdef __cplusplus
extern "C" {
#endif

// The values of one tensor in all vectors, one vector after the other.
typedef struct GoldenTensor {
  const void* values;
  size_t elements;  // of one vector
  size_t element_bytes;
  int is_signed;
} GoldenTensor;

typedef struct SelfTestModel {
  const char* name;
  ModelStatus (*init)(void);
  ModelStatus (*reset)(void);  // before each vector, if not null
  ModelStatus (*invoke)(void);
  size_t (*arena_used)(void);
  void* (*input)(size_t index);
  const void* (*output)(size_t index);
  size_t vector_count;
  const GoldenTensor* inputs;
  size_t input_count;
  const GoldenTensor* outputs;
  size_t output_count;
} SelfTestModel;

typedef void (*PrintFunction)(const char* text);

// Counts at a steady rate, such as once a clock cycle of the core, and wraps.
typedef uint32_t (*CountFunction)(void);

// Prints a line for each vector and one that scripts can read for each model,
// with the longest inference in counts if `count` is not null. Returns the
// number of vectors that failed, those of a model that does not start included.
size_t RunSelfTest(const SelfTestModel* model, PrintFunction print,
                   CountFunction count);

// Prints the text, then the number in decimal.
void PrintNumber(PrintFunction print, const char* text, size_t number);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGECOMPRESS_SELF_TEST_H_
