// The outputs of a vector of inputs: a dense layer of it, or one pixel of a
// convolution.

#ifndef EDGECOMPRESS_KERNELS_ROW_H_
#define EDGECOMPRESS_KERNELS_ROW_H_

#include <stdint.h>

#include "dot.h"
#include "requantize.h"

// Computes `count` channels from `first` on: four at a time, then one. Rows of
// weights, of which the first is that of channel 0, are as long as the input.
static inline void EcRow(const EcScales* scales, const int32_t* bias,
                         const int8_t* weights, const int8_t* input,
                         int32_t length, int32_t first, int32_t count,
                         int8_t* output) {
  const int32_t end = first + count;
  const int8_t* row = weights + first * length;
  EcScaleReader reader = EcScalesFrom(scales, first);
  int32_t channel = first;
  for (; channel + 4 <= end; channel += 4) {
    EcFourSums sums = {bias[channel], bias[channel + 1], bias[channel + 2],
                       bias[channel + 3]};
    EcDot1x4(input, row, length, &sums);
    EcOutputFour(&reader, scales->channel_step, &sums, output + channel);
    row += 4 * length;
  }
  for (; channel < end; ++channel) {
    const int32_t sum = EcDot(input, row, length, bias[channel]);
    output[channel] = EcOutputS8(scales, channel, sum);
    row += length;
  }
  EcClampRow(scales, output + first, count);
}

#endif  // EDGECOMPRESS_KERNELS_ROW_H_
