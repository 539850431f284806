// Runs the model tiny.
//
// Initialize once, fill the input, invoke, read the output. Callable from C and
// C++. Memory is static; nothing here may run in two threads at once.

#ifndef EDGECOMPRESS_TINY_MODEL_RUNNER_H_
#define EDGECOMPRESS_TINY_MODEL_RUNNER_H_

#include <stddef.h>
#include <stdint.h>

#include "model_status.h"
#include "quantization.h"

#define TINY_GENERATOR "edgecompress 0.1.0"
#define TINY_MODEL_SHA256 \
  "e98ea0134dd66993a041db9ee9b2e0ffea361a0cc69bfce6ab02679b5351b029"

// Input 0: int8 1x8
// input
#define TINY_INPUT0_ELEMENTS 8
#define TINY_INPUT0_SCALE 0.0500000007f
#define TINY_INPUT0_ZERO_POINT (3)

// Output 0: int8 1x3
// scores
#define TINY_OUTPUT0_ELEMENTS 3
#define TINY_OUTPUT0_SCALE 0.100000001f
#define TINY_OUTPUT0_ZERO_POINT (-5)

#define TINY_LABEL_COUNT 3

#ifdef __cplusplus
extern "C" {
#endif

// The classes, in the order of the output's elements.
extern const char* const g_tiny_labels[];

// Makes the model ready; again, to start anew.
ModelStatus tiny_init(void);

// Runs one inference.
ModelStatus tiny_invoke(void);

// Bytes of the arena in use; 0 before init.
size_t tiny_arena_used(void);

// The data of an input or output tensor, in the arena; valid after init. Null
// before it, and for an index that the model does not have.
void* tiny_input(size_t index);
const void* tiny_output(size_t index);

#ifdef __cplusplus
}  // extern "C"
#endif

static inline int8_t* tiny_input0(void) {
  void* data = tiny_input(0);
  return (int8_t*)data;
}

static inline int8_t tiny_quantize0(float real) {
  const float scale = TINY_INPUT0_SCALE;
  const int32_t zero_point = TINY_INPUT0_ZERO_POINT;
  return (int8_t)QuantizeValue(real, scale, zero_point, -128, 127);
}

// Fills input 0 with a whole sample of real values.
static inline ModelStatus tiny_set_input0(const float* values) {
  int8_t* data = tiny_input0();
  if (!data) {
    return kModelErrorNotReady;
  }
  if (!values) {
    return kModelErrorArgument;
  }
  for (size_t i = 0; i < TINY_INPUT0_ELEMENTS; ++i) {
    data[i] = tiny_quantize0(values[i]);
  }
  return kModelOk;
}

static inline const int8_t* tiny_output0(void) {
  const void* data = tiny_output(0);
  return (const int8_t*)data;
}

static inline float tiny_dequantize0(int8_t quantized) {
  const float scale = TINY_OUTPUT0_SCALE;
  const int32_t zero_point = TINY_OUTPUT0_ZERO_POINT;
  return DequantizeValue(quantized, scale, zero_point);
}

#ifdef __cplusplus
namespace tiny {

// The same for C++.
class ModelRunner {
 public:
  static ModelStatus Init() { return tiny_init(); }
  static ModelStatus Invoke() { return tiny_invoke(); }
  static size_t ArenaUsed() { return tiny_arena_used(); }
  static int8_t* input0() { return tiny_input0(); }
  static const int8_t* output0() { return tiny_output0(); }
};

}  // namespace tiny
#endif  // __cplusplus

#endif  // EDGECOMPRESS_TINY_MODEL_RUNNER_H_
