// Weighted sums over windows of int16 values: CONV_2D, DEPTHWISE_CONV_2D,
// TRANSPOSE_CONV and FULLY_CONNECTED.

#ifndef EDGECOMPRESS_KERNELS_CONV_S16_H_
#define EDGECOMPRESS_KERNELS_CONV_S16_H_

#include <stdint.h>

// A transposed convolution is one whose inputs lie `spread` places apart, with
// nothing between them; a dense layer has an input of one row of pixels.
typedef struct {
  const int8_t*
      weights;  // [out_channels][kernel_height][kernel_width][group_channels]
  const int64_t* bias;  // less the input's zero point times the weights' sum
  const int32_t* multipliers;
  const int8_t* shifts;
  int32_t in_height;
  int32_t in_width;
  int32_t in_channels;
  int32_t out_height;
  int32_t out_width;
  int32_t out_channels;
  int32_t group_channels;      // inputs that an output sees
  int32_t group_out_channels;  // outputs that see the same inputs
  int16_t channel_step;  // 1: a multiplier for each channel; 0: one for all
  int16_t is_narrow;     // sums of 32 bits, with multipliers of 31
  int16_t kernel_height;
  int16_t kernel_width;
  int16_t stride_height;
  int16_t stride_width;
  int16_t dilation_height;
  int16_t dilation_width;
  int16_t spread_height;
  int16_t spread_width;
  int16_t pad_top;
  int16_t pad_left;
  int16_t zero_point;  // of the output
  int16_t low;
  int16_t high;
} EcConvS16Layer;

// `patch` has room for what an output depends on, kernel height x width x group
// channels; null where that is one pixel, at the output's place. A patch is
// read before its outputs are written.
void EcConvS16(const EcConvS16Layer* layer, const int16_t* input,
               int16_t* output, int16_t* patch);

#endif  // EDGECOMPRESS_KERNELS_CONV_S16_H_
