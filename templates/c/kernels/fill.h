// Fills a tensor, or a part of it, with copies of one value: the border of PAD.

#ifndef EDGECOMPRESS_KERNELS_FILL_H_
#define EDGECOMPRESS_KERNELS_FILL_H_

#include <stdint.h>

typedef struct {
  int32_t first;  // element
  int32_t count;
  int16_t value;
  int16_t is_wide;  // values of 16 bits
} EcFillLayer;

void EcFill(const EcFillLayer* layer, void* output);

#endif  // EDGECOMPRESS_KERNELS_FILL_H_
