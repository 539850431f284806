// Convolution of each channel by itself: DEPTHWISE_CONV_2D of int8 values.

#ifndef EDGECOMPRESS_KERNELS_DEPTHWISE_CONV_S8_H_
#define EDGECOMPRESS_KERNELS_DEPTHWISE_CONV_S8_H_

#include <stdint.h>

typedef struct {
  const int8_t* weights;  // [kernel_height][kernel_width][out_channels]
  const int32_t* bias;    // less the input's zero point times the weights' sum
  const int32_t* multipliers;
  const int8_t* shifts;
  const int8_t* border;  // an input zero point for each channel
  int16_t channel_step;  // 1: a multiplier for each channel; 0: one for all
  int16_t in_height;
  int16_t in_width;
  int16_t in_channels;
  int16_t out_height;
  int16_t out_width;
  int16_t depth_multiplier;  // outputs of each input channel
  int16_t kernel_height;
  int16_t kernel_width;
  int16_t stride_height;
  int16_t stride_width;
  int16_t dilation_height;
  int16_t dilation_width;
  int16_t pad_top;
  int16_t pad_left;
  int16_t zero_point;  // of the output
  int16_t low;
  int16_t high;
} EcDepthwiseConvS8Layer;

void EcDepthwiseConvS8(const EcDepthwiseConvS8Layer* layer, const int8_t* input,
                       int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_DEPTHWISE_CONV_S8_H_
