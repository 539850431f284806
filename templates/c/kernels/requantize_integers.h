// Integers in another scale, maybe of another type: QUANTIZE of integers.

#ifndef EDGECOMPRESS_KERNELS_REQUANTIZE_INTEGERS_H_
#define EDGECOMPRESS_KERNELS_REQUANTIZE_INTEGERS_H_

#include <stdint.h>

typedef struct {
  int32_t count;
  int32_t multiplier;
  int32_t offset;      // less the input's zero point
  int32_t zero_point;  // of the output
  int32_t low;
  int32_t high;
  int16_t shift;
  int16_t from_type;  // of integers.h
  int16_t to_type;
} EcRequantizeIntegersLayer;

void EcRequantizeIntegers(const EcRequantizeIntegersLayer* layer,
                          const void* input, void* output);

#endif  // EDGECOMPRESS_KERNELS_REQUANTIZE_INTEGERS_H_
