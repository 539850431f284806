// Two-dimensional convolution of int8 values: CONV_2D.

#ifndef EDGECOMPRESS_KERNELS_CONV_S8_H_
#define EDGECOMPRESS_KERNELS_CONV_S8_H_

#include <stdint.h>

#include "requantize.h"

typedef struct {
  // [out_channels][kernel_height][kernel_width][group_channels], each channel
  // filled with zeros to a multiple of four
  const int8_t* weights;
  const int32_t* bias;  // less the input's zero point times the weights' sum
  EcScales scales;      // with a step of 1
  const int8_t*
      border;  // input zero points, as many as a row of the kernel reads
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
  int8_t is_pointwise;  // an output pixel sees the one that lies where it lies
  int8_t block_pixels;  // that are computed at once: 4 or 1
} EcConvS8Layer;

// Computes four pixels at once. `scratch` has room for their patches, two bytes
// for each value, and for one of bytes if channels are no multiple of four.
// Inputs of a block of pixels are read before its outputs are written; without
// groups, outputs may lie where inputs are that no later block reads.
void EcConvS8(const EcConvS8Layer* layer, const int8_t* input, int8_t* output,
              uint8_t* scratch);

// The same, a pixel at a time: `patch` has room for the bytes of one.
void EcConvPixelS8(const EcConvS8Layer* layer, const int8_t* input,
                   int8_t* output, int8_t* patch);

#endif  // EDGECOMPRESS_KERNELS_CONV_S8_H_
