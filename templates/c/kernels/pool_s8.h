// Pooling of int8 values: AVERAGE_POOL_2D and MAX_POOL_2D.

#ifndef EDGECOMPRESS_KERNELS_POOL_S8_H_
#define EDGECOMPRESS_KERNELS_POOL_S8_H_

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
} EcPoolS8Layer;

void EcAveragePoolS8(const EcPoolS8Layer* layer, const int8_t* input,
                     int8_t* output);

void EcMaxPoolS8(const EcPoolS8Layer* layer, const int8_t* input,
                 int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_POOL_S8_H_
