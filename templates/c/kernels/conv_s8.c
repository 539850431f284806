#include "conv_s8.h"

#include <stddef.h>
#include <string.h>

#include "dot.h"
#include "fixed_point.h"

// Input that lies in memory as the weights do: `rows` runs of `length` values.
typedef struct {
  int32_t rows;
  int32_t length;
  int32_t stride;  // from one run to the next
} Window;

// Turns the sums of one channel, of one pixel or two, into outputs.
static void Finish(const EcConvS8Layer* layer, int32_t channel, int32_t sum0,
                   int32_t sum1, int8_t* output0, int8_t* output1) {
  const int32_t entry = channel * layer->channel_step;
  const int32_t multiplier = layer->multipliers[entry];
  const int32_t shift = layer->shifts[entry];
  const int32_t zero_point = layer->zero_point;
  const int32_t low = layer->low;
  const int32_t high = layer->high;
  const int32_t value0 = EcRequantize(sum0, multiplier, shift) + zero_point;
  output0[channel] = (int8_t)EcClamp(value0, low, high);
  if (output1 != NULL) {
    const int32_t value1 = EcRequantize(sum1, multiplier, shift) + zero_point;
    output1[channel] = (int8_t)EcClamp(value1, low, high);
  }
}

// Apart from its caller, so that its loop has all registers.
#if defined(__GNUC__)
__attribute__((noinline))
#endif
static void
AddRows(const Window* window, const int8_t* pixel0, const int8_t* pixel1,
        const int8_t* a, const int8_t* b, EcSums* sums) {
  for (int32_t row = 0; row < window->rows; ++row) {
    EcDot2x2(pixel0, pixel1, a, b, window->length, sums);
    pixel0 += window->stride;
    pixel1 += window->stride;
    a += window->length;
    b += window->length;
  }
}

// Computes `count` pixels, one or two, for the channels of a group. A single
// one is computed twice.
static void Convolve(const EcConvS8Layer* layer, const Window* window,
                     const int8_t* pixel0, const int8_t* pixel1, int32_t count,
                     int32_t first_channel, int8_t* output) {
  const int32_t patch = window->rows * window->length;
  const int32_t end = first_channel + layer->group_out_channels;
  int8_t* second = count == 2 ? output + layer->out_channels : NULL;
  for (int32_t channel = first_channel; channel < end; channel += 2) {
    const int32_t next = EcMin(channel + 1, end - 1);
    const int8_t* a = layer->weights + channel * patch;
    const int8_t* b = layer->weights + next * patch;
    EcSums sums = {layer->bias[channel], layer->bias[next],
                   layer->bias[channel], layer->bias[next]};
    AddRows(window, pixel0, pixel1, a, b, &sums);
    Finish(layer, channel, sums.a0, sums.a1, output, second);
    Finish(layer, next, sums.b0, sums.b1, output, second);
  }
}

// Copies what the kernel sees at (top, left) to a patch, borders filled.
static void Gather(const EcConvS8Layer* layer, const int8_t* input, int32_t top,
                   int32_t left, int8_t* patch) {
  const size_t bytes = (size_t)layer->group_channels;
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    const int32_t y = top + ky * layer->dilation_height;
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      const int32_t x = left + kx * layer->dilation_width;
      const int is_inside =
          y >= 0 && y < layer->in_height && x >= 0 && x < layer->in_width;
      const int32_t pixel = y * layer->in_width + x;
      memcpy(patch,
             is_inside ? input + pixel * layer->in_channels : layer->border,
             bytes);
      patch += bytes;
    }
  }
}

static void ConvolvePatches(const EcConvS8Layer* layer, const int8_t* input,
                            int8_t* output, int8_t* patches) {
  const int32_t patch =
      layer->kernel_height * layer->kernel_width * layer->group_channels;
  const Window window = {1, patch, 0};
  const int32_t pixels = layer->out_height * layer->out_width;
  int32_t in_channel = 0;
  for (int32_t channel = 0; channel < layer->out_channels;
       channel += layer->group_out_channels) {
    for (int32_t pixel = 0; pixel < pixels; pixel += 2) {
      const int32_t count = EcMin(2, pixels - pixel);
      for (int32_t i = 0; i < count; ++i) {
        const int32_t y = (pixel + i) / layer->out_width;
        const int32_t x = (pixel + i) % layer->out_width;
        Gather(layer, input + in_channel,
               y * layer->stride_height - layer->pad_top,
               x * layer->stride_width - layer->pad_left, patches + i * patch);
      }
      Convolve(layer, &window, patches, patches + (count - 1) * patch, count,
               channel, output + pixel * layer->out_channels);
    }
    in_channel += layer->group_channels;
  }
}

// Adds one row of the kernel, the parts of it that lie on the border included.
static void AddBorderRow(const EcConvS8Layer* layer, const int8_t* input,
                         int32_t y, int32_t left, const int8_t* a,
                         const int8_t* b, EcSums* sums) {
  const int32_t channels = layer->in_channels;
  const int32_t width = layer->kernel_width;
  const int is_inside = y >= 0 && y < layer->in_height;
  const int32_t begin = is_inside ? EcClamp(-left, 0, width) : width;
  const int32_t end = EcClamp(layer->in_width - left, begin, width);
  const int32_t from = begin * channels;
  const int32_t to = end * channels;
  EcDot1x2(layer->border, a, b, from, sums);
  if (end > begin) {
    const int8_t* pixel =
        input + (y * layer->in_width + left + begin) * channels;
    EcDot1x2(pixel, a + from, b + from, to - from, sums);
  }
  EcDot1x2(layer->border, a + to, b + to, width * channels - to, sums);
}

static void ConvolveBorder(const EcConvS8Layer* layer, const int8_t* input,
                           int32_t top, int32_t left, int8_t* output) {
  const int32_t row = layer->kernel_width * layer->in_channels;
  const int32_t patch = layer->kernel_height * row;
  for (int32_t channel = 0; channel < layer->out_channels; channel += 2) {
    const int32_t next = EcMin(channel + 1, layer->out_channels - 1);
    const int8_t* a = layer->weights + channel * patch;
    const int8_t* b = layer->weights + next * patch;
    EcSums sums = {layer->bias[channel], layer->bias[next], 0, 0};
    for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
      AddBorderRow(layer, input, top + ky * layer->dilation_height, left,
                   a + ky * row, b + ky * row, &sums);
    }
    Finish(layer, channel, sums.a0, 0, output, NULL);
    Finish(layer, next, sums.b0, 0, output, NULL);
  }
}

// Reads the input where it is, row by row of the kernel.
static void ConvolveRows(const EcConvS8Layer* layer, const int8_t* input,
                         int8_t* output) {
  const int32_t height = layer->in_height;
  const int32_t width = layer->in_width;
  const int32_t channels = layer->in_channels;
  const int32_t reach = (layer->kernel_height - 1) * layer->dilation_height;
  const Window window = {layer->kernel_height, layer->kernel_width * channels,
                         layer->dilation_height * width * channels};
  for (int32_t y = 0; y < layer->out_height; ++y) {
    const int32_t top = y * layer->stride_height - layer->pad_top;
    const int is_inside = top >= 0 && top + reach < height;
    int32_t x = 0;
    while (x < layer->out_width) {
      const int32_t left = x * layer->stride_width - layer->pad_left;
      const int32_t right = left + layer->kernel_width;
      if (is_inside && left >= 0 && right <= width) {
        const int is_pair =
            x + 1 < layer->out_width && right + layer->stride_width <= width;
        const int8_t* pixel = input + (top * width + left) * channels;
        const int32_t step = is_pair ? layer->stride_width * channels : 0;
        Convolve(layer, &window, pixel, pixel + step, is_pair ? 2 : 1, 0,
                 output);
        x += is_pair ? 2 : 1;
        output += (is_pair ? 2 : 1) * layer->out_channels;
      } else {
        ConvolveBorder(layer, input, top, left, output);
        x += 1;
        output += layer->out_channels;
      }
    }
  }
}

void EcConvS8(const EcConvS8Layer* layer, const int8_t* input, int8_t* output,
              int8_t* patches) {
  if (patches != NULL) {
    ConvolvePatches(layer, input, output, patches);
  } else {
    ConvolveRows(layer, input, output);
  }
}
