#include "depthwise_conv_s8.h"

#include "fixed_point.h"
#include "pairs.h"

static int8_t Finish(const EcDepthwiseConvS8Layer* layer, int32_t channel,
                     int32_t sum) {
  const int32_t entry = channel * layer->channel_step;
  const int32_t scaled =
      EcRequantize(sum, layer->multipliers[entry], layer->shifts[entry]);
  return (int8_t)EcClamp(scaled + layer->zero_point, layer->low, layer->high);
}

// The input's channels at (y, x), or those of the border.
static const int8_t* PixelAt(const EcDepthwiseConvS8Layer* layer,
                             const int8_t* input, int32_t y, int32_t x) {
  const int is_inside =
      y >= 0 && y < layer->in_height && x >= 0 && x < layer->in_width;
  return is_inside ? input + (y * layer->in_width + x) * layer->in_channels
                   : layer->border;
}

// One output channel at a time.
static void OneChannel(const EcDepthwiseConvS8Layer* layer, const int8_t* input,
                       int32_t top, int32_t left, int32_t channel,
                       int8_t* output) {
  const int32_t channels = layer->in_channels * layer->depth_multiplier;
  const int32_t in_channel = channel / layer->depth_multiplier;
  const int8_t* weights = layer->weights + channel;
  int32_t sum = layer->bias[channel];
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      const int8_t* pixel =
          PixelAt(layer, input, top + ky * layer->dilation_height,
                  left + kx * layer->dilation_width);
      sum += pixel[in_channel] * *weights;
      weights += channels;
    }
  }
  output[channel] = Finish(layer, channel, sum);
}

typedef struct {
  int32_t of[4];
} Sums;

static inline void AddTap(const int8_t* pixel, const int8_t* weights,
                          Sums* sums) {
#if defined(EC_HAS_DUAL_MAC)
  const EcPairs x = EcLoadPairs(pixel);
  const EcPairs w = EcLoadPairs(weights);
  sums->of[0] = EcMultiplyLow(x.even, w.even, sums->of[0]);
  sums->of[1] = EcMultiplyLow(x.odd, w.odd, sums->of[1]);
  sums->of[2] = EcMultiplyHigh(x.even, w.even, sums->of[2]);
  sums->of[3] = EcMultiplyHigh(x.odd, w.odd, sums->of[3]);
#else
  sums->of[0] += pixel[0] * weights[0];
  sums->of[1] += pixel[1] * weights[1];
  sums->of[2] += pixel[2] * weights[2];
  sums->of[3] += pixel[3] * weights[3];
#endif
}

// Four output channels at a time, of as many input channels.
static void FourChannels(const EcDepthwiseConvS8Layer* layer,
                         const int8_t* input, int32_t top, int32_t left,
                         int32_t channel, int8_t* output) {
  const int32_t channels = layer->in_channels;
  const uint32_t width = (uint32_t)layer->in_width;
  const int32_t dilation = layer->dilation_width;
  const int8_t* weights = layer->weights + channel;
  const int8_t* border = layer->border + channel;
  const int32_t* bias = layer->bias + channel;
  Sums sums = {{bias[0], bias[1], bias[2], bias[3]}};
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    const int32_t y = top + ky * layer->dilation_height;
    const uint32_t row_width = y >= 0 && y < layer->in_height ? width : 0;
    int32_t x = left;
    int32_t place = (y * layer->in_width + left) * channels + channel;
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      AddTap((uint32_t)x < row_width ? input + place : border, weights, &sums);
      x += dilation;
      place += dilation * channels;
      weights += channels;
    }
  }
  for (int32_t i = 0; i < 4; ++i) {
    output[channel + i] = Finish(layer, channel + i, sums.of[i]);
  }
}

void EcDepthwiseConvS8(const EcDepthwiseConvS8Layer* layer, const int8_t* input,
                       int8_t* output) {
  const int32_t channels = layer->in_channels * layer->depth_multiplier;
  const int32_t by_four = layer->depth_multiplier == 1 ? channels & ~3 : 0;
  for (int32_t y = 0; y < layer->out_height; ++y) {
    const int32_t top = y * layer->stride_height - layer->pad_top;
    for (int32_t x = 0; x < layer->out_width; ++x) {
      const int32_t left = x * layer->stride_width - layer->pad_left;
      for (int32_t channel = 0; channel < by_four; channel += 4) {
        FourChannels(layer, input, top, left, channel, output);
      }
      for (int32_t channel = by_four; channel < channels; ++channel) {
        OneChannel(layer, input, top, left, channel, output);
      }
      output += channels;
    }
  }
}
