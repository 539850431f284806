// Sums of the int8 values so far along an axis: CUMSUM.

#ifndef EDGECOMPRESS_KERNELS_CUMSUM_S8_H_
#define EDGECOMPRESS_KERNELS_CUMSUM_S8_H_

#include <stdint.h>

typedef struct {
  int32_t outer;
  int32_t depth;
  int32_t inner;
  int32_t first;  // of a row: the first value, or the last to go backwards
  int32_t step;   // to the next value
  int32_t multiplier;
  int16_t left_shift;
  int16_t shift;
  int16_t offset;
  int16_t zero_point;    // of the output
  int16_t is_exclusive;  // the value itself is not in its sum
} EcCumsumS8Layer;

void EcCumsumS8(const EcCumsumS8Layer* layer, const int8_t* input,
                int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_CUMSUM_S8_H_
