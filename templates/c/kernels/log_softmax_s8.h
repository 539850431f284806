// LOG_SOFTMAX of int8 values over their last axis.

#ifndef EDGECOMPRESS_KERNELS_LOG_SOFTMAX_S8_H_
#define EDGECOMPRESS_KERNELS_LOG_SOFTMAX_S8_H_

#include <stdint.h>

typedef struct {
  const int32_t* exponentials;  // of i steps below the largest input, Q12.19
  const int32_t* differences;   // the steps themselves, Q5.26
  int32_t exponential_count;    // further below, they count as zero
  int32_t reverse_multiplier;   // of a difference in steps
  int32_t rows;
  int32_t depth;
  int16_t reverse_shift;
} EcLogSoftmaxS8Layer;

void EcLogSoftmaxS8(const EcLogSoftmaxS8Layer* layer, const int8_t* input,
                    int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_LOG_SOFTMAX_S8_H_
