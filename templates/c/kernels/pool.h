// Pooling: AVERAGE_POOL_2D and MAX_POOL_2D.

#ifndef EDGECOMPRESS_KERNELS_POOL_H_
#define EDGECOMPRESS_KERNELS_POOL_H_

#include <stdint.h>

typedef struct {
  int16_t in_height;
  int16_t in_width;
  int16_t channels;
  int16_t out_height;
  int16_t out_width;
  int16_t filter_height;
  int16_t filter_width;
  int16_t stride_height;
  int16_t stride_width;
  int16_t pad_top;
  int16_t pad_left;
  int16_t low;
  int16_t high;
  int16_t is_average;  // else the largest
} EcPoolLayer;

void EcPoolS8(const EcPoolLayer* layer, const int8_t* input, int8_t* output);

void EcPoolS16(const EcPoolLayer* layer, const int16_t* input, int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_POOL_H_
