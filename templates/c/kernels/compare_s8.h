// Comparison of two int8 tensors, one maybe broadcast: EQUAL, GREATER and what
// follows from them.

#ifndef EDGECOMPRESS_KERNELS_COMPARE_S8_H_
#define EDGECOMPRESS_KERNELS_COMPARE_S8_H_

#include <stdint.h>

#include "broadcast.h"

typedef struct {
  EcBroadcast shape;
  int32_t multiplier1;
  int32_t multiplier2;
  int16_t left_shift;
  int16_t offset1;
  int16_t offset2;
  int16_t shift1;
  int16_t shift2;
  int16_t is_equality;  // 0: whether the first is greater
  int16_t is_negated;
} EcCompareS8Layer;

void EcCompareS8(const EcCompareS8Layer* layer, const int8_t* input1,
                 const int8_t* input2, uint8_t* output);

#endif  // EDGECOMPRESS_KERNELS_COMPARE_S8_H_
