// Pixels of an image in another size, each between the four around it:
// RESIZE_BILINEAR.

#ifndef EDGECOMPRESS_KERNELS_RESIZE_BILINEAR_S8_H_
#define EDGECOMPRESS_KERNELS_RESIZE_BILINEAR_S8_H_

#include <stdint.h>

// Of an output row or column: the two of the input that it lies between, and
// how far from the lower in 1/1024.
typedef struct {
  const int16_t* rows;     // [out_height][3]
  const int16_t* columns;  // [out_width][3]
  int16_t batches;
  int16_t in_height;
  int16_t in_width;
  int16_t out_height;
  int16_t out_width;
  int16_t channels;
} EcResizeBilinearS8Layer;

void EcResizeBilinearS8(const EcResizeBilinearS8Layer* layer,
                        const int8_t* input, int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_RESIZE_BILINEAR_S8_H_
