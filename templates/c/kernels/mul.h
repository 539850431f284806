// Product and quotient of two tensors, one maybe broadcast: MUL and DIV.

#ifndef EDGECOMPRESS_KERNELS_MUL_H_
#define EDGECOMPRESS_KERNELS_MUL_H_

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
} EcMulLayer;

void EcMulS8(const EcMulLayer* layer, const int8_t* input1,
             const int8_t* input2, int8_t* output);

// Of inputs whose zero points are zero: the offsets are not read.
void EcMulS16(const EcMulLayer* layer, const int16_t* input1,
              const int16_t* input2, int16_t* output);

// Where a divisor is zero the output is the least or the largest value.
void EcDivS8(const EcMulLayer* layer, const int8_t* input1,
             const int8_t* input2, int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_MUL_H_
