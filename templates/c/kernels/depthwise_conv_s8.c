#include "depthwise_conv_s8.h"

#include "fixed_point.h"

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

// Four output channels at a time, of as many input channels.
static void FourChannels(const EcDepthwiseConvS8Layer* layer,
                         const int8_t* input, int32_t top, int32_t left,
                         int32_t channel, int8_t* output) {
  const int8_t* weights = layer->weights + channel;
  const int32_t* bias = layer->bias + channel;
  int32_t sum0 = bias[0];
  int32_t sum1 = bias[1];
  int32_t sum2 = bias[2];
  int32_t sum3 = bias[3];
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      const int8_t* pixel =
          PixelAt(layer, input, top + ky * layer->dilation_height,
                  left + kx * layer->dilation_width) +
          channel;
      sum0 += pixel[0] * weights[0];
      sum1 += pixel[1] * weights[1];
      sum2 += pixel[2] * weights[2];
      sum3 += pixel[3] * weights[3];
      weights += layer->in_channels;
    }
  }
  output[channel] = Finish(layer, channel, sum0);
  output[channel + 1] = Finish(layer, channel + 1, sum1);
  output[channel + 2] = Finish(layer, channel + 2, sum2);
  output[channel + 3] = Finish(layer, channel + 3, sum3);
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
