// A window over the latest values: each call drops the oldest slot of it and
// appends a new one. The custom operator CIRCULAR_BUFFER.

#ifndef EDGECOMPRESS_KERNELS_SHIFT_IN_H_
#define EDGECOMPRESS_KERNELS_SHIFT_IN_H_

#include <stdint.h>

typedef struct {
  int32_t kept;  // values that stay
  int32_t slot;  // values that are new
} EcShiftInLayer;

void EcShiftIn(const EcShiftInLayer* layer, const int8_t* input,
               int8_t* window);

#endif  // EDGECOMPRESS_KERNELS_SHIFT_IN_H_
