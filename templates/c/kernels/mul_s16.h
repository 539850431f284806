// Product of two int16 tensors whose zero points are zero, one maybe broadcast:
// MUL.

#ifndef EDGECOMPRESS_KERNELS_MUL_S16_H_
#define EDGECOMPRESS_KERNELS_MUL_S16_H_

#include <stdint.h>

#include "broadcast.h"

typedef struct {
  EcBroadcast shape;
  int32_t multiplier;
  int16_t shift;
  int16_t zero_point;  // of the output
  int16_t low;
  int16_t high;
} EcMulS16Layer;

void EcMulS16(const EcMulS16Layer* layer, const int16_t* input1,
              const int16_t* input2, int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_MUL_S16_H_
