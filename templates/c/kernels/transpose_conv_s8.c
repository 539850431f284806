#include "transpose_conv_s8.h"

#include "dot.h"
#include "fixed_point.h"

static int8_t Finish(const EcTransposeConvS8Layer* layer, int32_t channel,
                     int32_t sum) {
  const int32_t entry = channel * layer->channel_step;
  const int32_t scaled =
      EcRequantize(sum, layer->multipliers[entry], layer->shifts[entry]);
  return (int8_t)EcClamp(scaled + layer->zero_point, layer->low, layer->high);
}

// The pixel that reaches the output through a place of the kernel which is
// (y, x) after stride; what lies outside is border.
static const int8_t* Pixel(const EcTransposeConvS8Layer* layer,
                           const int8_t* input, int32_t y, int32_t x) {
  const int is_inside =
      y >= 0 && y < layer->in_height && x >= 0 && x < layer->in_width;
  return is_inside ? input + (y * layer->in_width + x) * layer->in_channels
                   : layer->border;
}

// `sum` and all that reaches a channel of output (top, left), padding included.
static int32_t Add(const EcTransposeConvS8Layer* layer, const int8_t* input,
                   int32_t top, int32_t left, const int8_t* weights,
                   int32_t sum) {
  for (int32_t ky = top % layer->stride_height; ky < layer->kernel_height;
       ky += layer->stride_height) {
    const int32_t y = (top - ky) / layer->stride_height;
    for (int32_t kx = left % layer->stride_width; kx < layer->kernel_width;
         kx += layer->stride_width) {
      const int32_t x = (left - kx) / layer->stride_width;
      const int32_t used = (ky * layer->kernel_width + kx) * layer->in_channels;
      sum = EcDot(Pixel(layer, input, y, x), weights + used, layer->in_channels,
                  sum);
    }
  }
  return sum;
}

static void Output(const EcTransposeConvS8Layer* layer, const int8_t* input,
                   int32_t top, int32_t left, int8_t* output) {
  const int32_t phase = top % layer->stride_height * layer->stride_width +
                        left % layer->stride_width;
  const int32_t* bias = layer->bias + phase * layer->out_channels;
  const int32_t size =
      layer->kernel_height * layer->kernel_width * layer->in_channels;
  for (int32_t channel = 0; channel < layer->out_channels; ++channel) {
    const int32_t sum = Add(layer, input, top, left,
                            layer->weights + channel * size, bias[channel]);
    output[channel] = Finish(layer, channel, sum);
  }
}

void EcTransposeConvS8(const EcTransposeConvS8Layer* layer, const int8_t* input,
                       int8_t* output) {
  for (int32_t batch = 0; batch < layer->batches; ++batch) {
    for (int32_t y = 0; y < layer->out_height; ++y) {
      for (int32_t x = 0; x < layer->out_width; ++x) {
        Output(layer, input, y + layer->pad_top, x + layer->pad_left, output);
        output += layer->out_channels;
      }
    }
    input += layer->in_height * layer->in_width * layer->in_channels;
  }
}
