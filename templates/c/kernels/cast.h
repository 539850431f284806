// Integers of one type as those of another: CAST.

#ifndef EDGECOMPRESS_KERNELS_CAST_H_
#define EDGECOMPRESS_KERNELS_CAST_H_

#include <stdint.h>

typedef struct {
  int32_t count;
  int16_t from_type;  // of integers.h
  int16_t to_type;
} EcCastLayer;

void EcCast(const EcCastLayer* layer, const void* input, void* output);

#endif  // EDGECOMPRESS_KERNELS_CAST_H_
