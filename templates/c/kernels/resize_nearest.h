// Pixels of an image in another size, each that of the nearest:
// RESIZE_NEAREST_NEIGHBOR.

#ifndef EDGECOMPRESS_KERNELS_RESIZE_NEAREST_H_
#define EDGECOMPRESS_KERNELS_RESIZE_NEAREST_H_

#include <stdint.h>

typedef struct {
  const int16_t* rows;     // of the input, for each row of the output
  const int16_t* columns;  // the same
  int32_t batches;
  int16_t in_height;
  int16_t in_width;
  int16_t out_height;
  int16_t out_width;
  int32_t bytes;  // of a pixel
} EcResizeNearestLayer;

void EcResizeNearest(const EcResizeNearestLayer* layer, const uint8_t* input,
                     uint8_t* output);

#endif  // EDGECOMPRESS_KERNELS_RESIZE_NEAREST_H_
