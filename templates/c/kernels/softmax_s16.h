// Softmax of int16 values.

#ifndef EDGECOMPRESS_KERNELS_SOFTMAX_S16_H_
#define EDGECOMPRESS_KERNELS_SOFTMAX_S16_H_

#include <stdint.h>

// Tables have 513 values at equal steps, for inputs of -2^15 to 2^15.
typedef struct {
  const int16_t* exponentials;  // exp(x) of -10 to 0
  const int16_t* reciprocals;   // 1 / (1 + x) of 0 to 1
  int32_t multiplier;
  int32_t shift;
  int32_t rows;
  int32_t depth;
} EcSoftmaxS16Layer;

void EcSoftmaxS16(const EcSoftmaxS16Layer* layer, const int16_t* input,
                  int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_SOFTMAX_S16_H_
