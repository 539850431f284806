#include "conv_s16.h"

#include "dot_mve.h"
#include "fixed_point.h"
#include "fixed_point64.h"

// The index of the input at a place, -1 where there is none.
static int32_t IndexAt(int32_t place, int32_t spread, int32_t size) {
  if (place < 0 || place % spread != 0 || place / spread >= size) {
    return -1;
  }
  return place / spread;
}

// `sum` and the products of count values with weights.
static inline int64_t DotProduct(const int16_t* input, const int8_t* weights,
                                 int32_t count, int64_t sum) {
#if defined(EC_HAS_MVE)
  return EcDot16Mve(input, weights, count, sum);
#else
  for (int32_t i = 0; i < count; ++i) {
    sum += input[i] * weights[i];
  }
  return sum;
#endif
}

// Whether a window lies on the input, with rows whose inputs lie side by side.
static int IsInside(const EcConvS16Layer* layer, int32_t top, int32_t left) {
  const int32_t bottom =
      top + (layer->kernel_height - 1) * layer->dilation_height;
  return top >= 0 && bottom < layer->in_height && left >= 0 &&
         left + layer->kernel_width <= layer->in_width &&
         layer->dilation_width == 1 && layer->spread_height == 1 &&
         layer->spread_width == 1 &&
         layer->group_channels == layer->in_channels;
}

// The sum of such a window, which begins at `input`.
static int64_t RowsSum(const EcConvS16Layer* layer, const int16_t* input,
                       const int8_t* weights) {
  const int32_t row = layer->kernel_width * layer->in_channels;
  const int32_t step =
      layer->dilation_height * layer->in_width * layer->in_channels;
  int64_t sum = 0;
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    sum = DotProduct(input, weights, row, sum);
    input += step;
    weights += row;
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
        sum = DotProduct(input + pixel * layer->in_channels, weights,
                         layer->group_channels, sum);
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
      const int is_inside = IsInside(layer, top, left);
      const int32_t pixel = top * layer->in_width + left;
      for (int32_t channel = 0; channel < layer->out_channels; ++channel) {
        const int8_t* weights = layer->weights + channel * taps;
        const int32_t group = channel / layer->group_out_channels;
        const int64_t sum =
            is_inside
                ? RowsSum(layer, input + pixel * layer->in_channels, weights)
                : WindowSum(layer, input + group * layer->group_channels,
                            weights, top, left);
        *output++ = Finish(layer, channel, sum + layer->bias[channel]);
      }
    }
  }
}
