// Sum, difference and squared difference of two tensors, one maybe broadcast:
// ADD, SUB and SQUARED_DIFFERENCE.

#ifndef EDGECOMPRESS_KERNELS_ADD_H_
#define EDGECOMPRESS_KERNELS_ADD_H_

#include <stdint.h>

#include "broadcast.h"

typedef struct {
  EcBroadcast shape;
  int32_t multiplier1;
  int32_t multiplier2;
  int32_t multiplier;  // of the output
  int32_t offset1;
  int32_t offset2;
  int16_t left_shift;
  int16_t shift1;
  int16_t shift2;
  int16_t shift;
  int16_t sign2;       // -1 to subtract the second
  int16_t zero_point;  // of the output
  int16_t low;
  int16_t high;
  int16_t is_plain;  // outputs take all of int8, and shifts are to the right:
                     // of the output by 1 to 22
} EcAddLayer;

void EcAddS8(const EcAddLayer* layer, const int8_t* input1,
             const int8_t* input2, int8_t* output);

void EcSquaredDifferenceS8(const EcAddLayer* layer, const int8_t* input1,
                           const int8_t* input2, int8_t* output);

void EcSquaredDifferenceS16(const EcAddLayer* layer, const int16_t* input1,
                            const int16_t* input2, int16_t* output);

void EcAddS16(const EcAddLayer* layer, const int16_t* input1,
              const int16_t* input2, int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_ADD_H_
