#include "conv_s16.h"

#include "fixed_point.h"
#include "fixed_point64.h"

// The index of the input at a place, -1 where there is none.
static int32_t IndexAt(int32_t place, int32_t spread, int32_t size) {
  if (place < 0 || place % spread != 0 || place / spread >= size) {
    return -1;
  }
  return place / spread;
}

static int64_t DotProduct(const int16_t* input, const int8_t* weights,
                          int32_t count) {
  int64_t sum = 0;
  for (int32_t i = 0; i < count; ++i) {
    sum += input[i] * weights[i];
  }
  return sum;
}

static int64_t WindowSum(const EcConvS16Layer* layer, const int16_t* input,
                         const int8_t* weights, int32_t top, int32_t left) {
  int64_t sum = 0;
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    const int32_t y = IndexAt(top + ky * layer->dilation_height,
                              layer->spread_height, layer->in_height);
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      const int32_t x = IndexAt(left + kx * layer->dilation_width,
                                layer->spread_width, layer->in_width);
      if (y >= 0 && x >= 0) {
        const int32_t pixel = y * layer->in_width + x;
        sum += DotProduct(input + pixel * layer->in_channels, weights,
                          layer->group_channels);
      }
      weights += layer->group_channels;
    }
  }
  return sum;
}

static int16_t Finish(const EcConvS16Layer* layer, int32_t channel,
                      int64_t sum) {
  const int32_t entry = channel * layer->channel_step;
  const int32_t multiplier = layer->multipliers[entry];
  const int32_t shift = layer->shifts[entry];
  const int32_t scaled = layer->is_narrow != 0
                             ? EcRequantize((int32_t)sum, multiplier, shift)
                             : EcRequantize64(sum, multiplier, shift);
  return (int16_t)EcClamp(scaled + layer->zero_point, layer->low, layer->high);
}

void EcConvS16(const EcConvS16Layer* layer, const int16_t* input,
               int16_t* output) {
  const int32_t taps =
      layer->kernel_height * layer->kernel_width * layer->group_channels;
  for (int32_t y = 0; y < layer->out_height; ++y) {
    const int32_t top = y * layer->stride_height - layer->pad_top;
    for (int32_t x = 0; x < layer->out_width; ++x) {
      const int32_t left = x * layer->stride_width - layer->pad_left;
      for (int32_t channel = 0; channel < layer->out_channels; ++channel) {
        const int32_t group = channel / layer->group_out_channels;
        const int64_t sum =
            WindowSum(layer, input + group * layer->group_channels,
                      layer->weights + channel * taps, top, left);
        *output++ = Finish(layer, channel, sum + layer->bias[channel]);
      }
    }
  }
}
