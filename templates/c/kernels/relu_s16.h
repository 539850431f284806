// Functions of int16 values that are a straight line on either side of zero:
// ABS, RELU, RELU6 and LEAKY_RELU.

#ifndef EDGECOMPRESS_KERNELS_RELU_S16_H_
#define EDGECOMPRESS_KERNELS_RELU_S16_H_

#include <stdint.h>

typedef struct {
  int32_t count;
  int32_t offset;      // less the input's zero point
  int32_t multiplier;  // of what is not negative then
  int32_t negative_multiplier;
  int32_t zero_point;  // of the output
  int16_t shift;
  int16_t negative_shift;
  int16_t negative_sign;  // -1: negative values become positive ones
  int16_t low;
  int16_t high;
} EcReluS16Layer;

void EcReluS16(const EcReluS16Layer* layer, const int16_t* input,
               int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_RELU_S16_H_
