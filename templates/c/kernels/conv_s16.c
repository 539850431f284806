#include "conv_s16.h"

#include <stddef.h>
#include <string.h>

#include "dot_mve.h"
#include "fixed_point.h"
#include "fixed_point64.h"
#include "pairs.h"

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
  int32_t i = 0;
#if defined(EC_HAS_DUAL_MAC)
  for (; i + 4 <= count; i += 4) {
    sum = EcMultiplyWide(input + i, weights + i, sum);
  }
#endif
  for (; i < count; ++i) {
    sum += input[i] * weights[i];
  }
  return sum;
#endif
}

// Whether all inputs of a row of the kernel lie side by side on the input.
static int IsJoined(const EcConvS16Layer* layer, int32_t left) {
  return left >= 0 && left + layer->kernel_width <= layer->in_width &&
         layer->dilation_width == 1 && layer->spread_width == 1 &&
         layer->group_channels == layer->in_channels;
}

// Copies what one row of the kernel sees; zeros where there is no input.
static void GatherRow(const EcConvS16Layer* layer, const int16_t* row,
                      int32_t left, int16_t* patch) {
  const int32_t channels = layer->group_channels;
  const size_t bytes = (size_t)channels * sizeof(*patch);
  for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
    const int32_t x = IndexAt(left + kx * layer->dilation_width,
                              layer->spread_width, layer->in_width);
    if (x >= 0) {
      memcpy(patch, row + x * layer->in_channels, bytes);
    } else {
      memset(patch, 0, bytes);
    }
    patch += channels;
  }
}

// Copies what the kernel sees at (top, left) of a group's inputs.
static void Gather(const EcConvS16Layer* layer, const int16_t* input,
                   int32_t top, int32_t left, int16_t* patch) {
  const int32_t length = layer->kernel_width * layer->group_channels;
  const size_t bytes = (size_t)length * sizeof(*patch);
  const int is_joined = IsJoined(layer, left);
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    const int32_t y = IndexAt(top + ky * layer->dilation_height,
                              layer->spread_height, layer->in_height);
    if (y < 0) {
      memset(patch, 0, bytes);
    } else {
      const int16_t* row = input + y * layer->in_width * layer->in_channels;
      if (is_joined) {
        memcpy(patch, row + left * layer->in_channels, bytes);
      } else {
        GatherRow(layer, row, left, patch);
      }
    }
    patch += length;
  }
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

// The channels of a group, from its first one on.
static void Multiply(const EcConvS16Layer* layer, const int16_t* patch,
                     int32_t first_channel, int16_t* output) {
  const int32_t taps =
      layer->kernel_height * layer->kernel_width * layer->group_channels;
  const int8_t* weights = layer->weights + first_channel * taps;
  const int32_t end = first_channel + layer->group_out_channels;
  for (int32_t channel = first_channel; channel < end; ++channel) {
    const int64_t sum = DotProduct(patch, weights, taps, layer->bias[channel]);
    output[channel] = Finish(layer, channel, sum);
    weights += taps;
  }
}

static void Pixel(const EcConvS16Layer* layer, const int16_t* input, int32_t y,
                  int32_t x, int16_t* output, int16_t* patch) {
  if (patch == NULL) {
    const int32_t pixel = y * layer->in_width + x;
    Multiply(layer, input + pixel * layer->in_channels, 0, output);
    return;
  }
  const int32_t top = y * layer->stride_height - layer->pad_top;
  const int32_t left = x * layer->stride_width - layer->pad_left;
  for (int32_t channel = 0; channel < layer->out_channels;
       channel += layer->group_out_channels) {
    Gather(layer, input, top, left, patch);
    Multiply(layer, patch, channel, output);
    input += layer->group_channels;
  }
}

void EcConvS16(const EcConvS16Layer* layer, const int16_t* input,
               int16_t* output, int16_t* patch) {
  for (int32_t y = 0; y < layer->out_height; ++y) {
    for (int32_t x = 0; x < layer->out_width; ++x) {
      Pixel(layer, input, y, x, output, patch);
      output += layer->out_channels;
    }
  }
}
