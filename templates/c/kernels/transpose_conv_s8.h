// Transposed convolution of int8 values: TRANSPOSE_CONV.

#ifndef EDGECOMPRESS_KERNELS_TRANSPOSE_CONV_S8_H_
#define EDGECOMPRESS_KERNELS_TRANSPOSE_CONV_S8_H_

#include <stdint.h>

// An output sees each stride-th row and column of the kernel, from which on
// depends on where it lies: on its phase.
typedef struct {
  const int8_t*
      weights;  // [out_channels][kernel_height][kernel_width][in_channels]
  const int32_t*
      bias;  // [stride_height][stride_width][out_channels], by phase;
             // less the input's zero point times the weights' sum
  const int32_t* multipliers;
  const int8_t* shifts;
  const int8_t* border;  // input zero points, as many as channels
  int16_t channel_step;  // 1: a multiplier for each channel; 0: one for all
  int16_t batches;
  int16_t in_height;
  int16_t in_width;
  int16_t in_channels;
  int16_t out_height;
  int16_t out_width;
  int16_t out_channels;
  int16_t kernel_height;
  int16_t kernel_width;
  int16_t stride_height;
  int16_t stride_width;
  int16_t pad_top;
  int16_t pad_left;
  int16_t zero_point;  // of the output
  int16_t low;
  int16_t high;
} EcTransposeConvS8Layer;

void EcTransposeConvS8(const EcTransposeConvS8Layer* layer, const int8_t* input,
                       int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_TRANSPOSE_CONV_S8_H_
