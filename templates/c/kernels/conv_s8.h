// Two-dimensional convolution of int8 values: CONV_2D.

#ifndef EDGECOMPRESS_KERNELS_CONV_S8_H_
#define EDGECOMPRESS_KERNELS_CONV_S8_H_

#include <stdint.h>

typedef struct {
  const int8_t*
      weights;  // [out_channels][kernel_height][kernel_width][group_channels]
  const int32_t* bias;  // less the input's zero point times the weights' sum
  const int32_t* multipliers;
  const int8_t* shifts;
  const int8_t*
      border;  // input zero points, as many as a row of the kernel reads
  int16_t channel_step;  // 1: a multiplier for each channel; 0: one for all
  int16_t in_height;
  int16_t in_width;
  int16_t in_channels;
  int16_t out_height;
  int16_t out_width;
  int16_t out_channels;
  int16_t kernel_height;
  int16_t kernel_width;
  int16_t group_channels;      // inputs that an output sees
  int16_t group_out_channels;  // outputs that see the same inputs
  int16_t stride_height;
  int16_t stride_width;
  int16_t dilation_height;
  int16_t dilation_width;
  int16_t pad_top;
  int16_t pad_left;
  int16_t zero_point;  // of the output
  int16_t low;
  int16_t high;
} EcConvS8Layer;

// `patches` has room for two patches (kernel height x width x group channels)
// if rows of the kernel are too short to be read where they are; else null.
void EcConvS8(const EcConvS8Layer* layer, const int8_t* input, int8_t* output,
              int8_t* patches);

#endif  // EDGECOMPRESS_KERNELS_CONV_S8_H_
