// Copies a box of values from one layout to another: what is left to do of
// operators that only move values, where the memory plan cannot save it.

#ifndef EDGECOMPRESS_KERNELS_COPY_H_
#define EDGECOMPRESS_KERNELS_COPY_H_

#include <stdint.h>

enum { kEcCopyAxes = 5 };

// Strides and offsets count bytes. `bytes` that lie together are copied at
// once, for each place of the outer axes, the outermost first.
typedef struct {
  int32_t bytes;
  int32_t from;
  int32_t to;
  int32_t extents[kEcCopyAxes];
  int32_t from_strides[kEcCopyAxes];
  int32_t to_strides[kEcCopyAxes];
} EcCopyLayer;

void EcCopy(const EcCopyLayer* layer, const void* input, void* output);

#endif  // EDGECOMPRESS_KERNELS_COPY_H_
