// SOFTMAX of int8 values over their last axis, with int16 outputs.

#ifndef EDGECOMPRESS_KERNELS_SOFTMAX_S8_S16_H_
#define EDGECOMPRESS_KERNELS_SOFTMAX_S8_S16_H_

#include <stdint.h>

typedef struct {
  const int32_t* exponentials;  // of i steps below the largest input, Q0.31
  int32_t exponential_count;    // further below, the output is zero
  int32_t rows;
  int32_t depth;
} EcSoftmaxS8S16Layer;

void EcSoftmaxS8S16(const EcSoftmaxS8S16Layer* layer, const int8_t* input,
                    int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_SOFTMAX_S8_S16_H_
