// Product of two int8 tensors, one maybe broadcast: MUL.

#ifndef EDGECOMPRESS_KERNELS_MUL_S8_H_
#define EDGECOMPRESS_KERNELS_MUL_S8_H_

#include <stdint.h>

#include "broadcast.h"

typedef struct {
  EcBroadcast shape;
  int32_t multiplier;
  int16_t shift;
  int16_t offset1;
  int16_t offset2;
  int16_t zero_point;  // of the output
  int16_t low;
  int16_t high;
} EcMulS8Layer;

void EcMulS8(const EcMulS8Layer* layer, const int8_t* input1,
             const int8_t* input2, int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_MUL_S8_H_
