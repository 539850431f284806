// Values from one scale, zero point and type to others: QUANTIZE between
// integers, and of int16 values RELU, RELU6 and LEAKY_RELU.

#ifndef EDGECOMPRESS_KERNELS_RESCALE_H_
#define EDGECOMPRESS_KERNELS_RESCALE_H_

#include <stdint.h>

typedef struct {
  int32_t count;
  int32_t offset;      // added to inputs
  int32_t multiplier;  // of what is not negative then
  int32_t negative_multiplier;
  int32_t zero_point;  // of the output
  int32_t low;
  int32_t high;
  int16_t shift;
  int16_t negative_shift;
  int16_t negative_sign;  // -1: negative values become positive ones
  int16_t input_bytes;    // of an element: 1, 2 or 4
  int16_t output_bytes;
} EcRescaleLayer;

void EcRescale(const EcRescaleLayer* layer, const void* input, void* output);

#endif  // EDGECOMPRESS_KERNELS_RESCALE_H_
