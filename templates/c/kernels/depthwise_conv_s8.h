// Convolution of each channel by itself: DEPTHWISE_CONV_2D of int8 values.

#ifndef EDGECOMPRESS_KERNELS_DEPTHWISE_CONV_S8_H_
#define EDGECOMPRESS_KERNELS_DEPTHWISE_CONV_S8_H_

#include <stdint.h>

#include "requantize.h"

typedef struct {
  // Of each four channels that are computed together, of four inputs or of one:
  // [tap_count][4]; of others: [tap_count].
  const int8_t* weights;
  const int32_t* bias;   // less the input's zero point times the weights' sum
  EcScales scales;       // with a step of 1
  const int8_t* border;  // an input zero point for each channel
  int16_t in_height;
  int16_t in_width;
  int16_t in_channels;
  int16_t out_height;
  int16_t out_width;
  int16_t depth_multiplier;  // outputs of each input channel
  int16_t tap_count;         // places of the kernel, up to a multiple of three
  int16_t kernel_height;
  int16_t kernel_width;
  int16_t stride_height;
  int16_t stride_width;
  int16_t dilation_height;
  int16_t dilation_width;
  int16_t pad_top;
  int16_t pad_left;
} EcDepthwiseConvS8Layer;

// `taps` has room for `tap_count` pointers. Outputs may lie
// where inputs are that neither this pixel nor a later one reads.
void EcDepthwiseConvS8(const EcDepthwiseConvS8Layer* layer, const int8_t* input,
                       int8_t* output, const int8_t** taps);

#endif  // EDGECOMPRESS_KERNELS_DEPTHWISE_CONV_S8_H_
