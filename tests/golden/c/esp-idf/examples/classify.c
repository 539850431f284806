// One sample through the model, its class printed: the code to copy.

#include <stdio.h>

#include "tiny_golden_vectors.h"
#include "tiny_model_runner.h"

// Value i of a sample as the model was trained on: here of the
// first golden vector, in an application of yours of a sensor.
static float SampleValue0(size_t i) {
  const void* values = g_tiny_self_test.inputs[0].values;
  const int8_t golden = ((const int8_t*)values)[i];
  const float scale = TINY_INPUT0_SCALE;
  const int32_t zero_point = TINY_INPUT0_ZERO_POINT;
  return DequantizeValue(golden, scale, zero_point);
}

static void Classify(void) {
  if (tiny_init() != kModelOk) {
    printf("%s\n", "init failed");
    return;
  }
  int8_t* input0 = tiny_input0();
  for (size_t i = 0; i < TINY_INPUT0_ELEMENTS; ++i) {
    input0[i] = tiny_quantize0(SampleValue0(i));
  }
  if (tiny_invoke() != kModelOk) {
    printf("%s\n", "invoke failed");
    return;
  }
  const int8_t* output = tiny_output0();
  size_t best = 0;
  for (size_t i = 1; i < TINY_LABEL_COUNT; ++i) {
    best = output[i] > output[best] ? i : best;
  }
  printf("%s\n", g_tiny_labels[best]);
}

void app_main(void) { Classify(); }
