// Convolution, for cores with Helium: patches of four pixels are gathered one
// after another, and multiplied with one row of weights at a time.

#ifndef EDGECOMPRESS_KERNELS_CONV_MVE_H_
#define EDGECOMPRESS_KERNELS_CONV_MVE_H_

#include <stdint.h>

#include "conv_s8.h"
#include "dot_mve.h"
#include "requantize_mve.h"

#if defined(EC_HAS_MVE)

// Pixels at once, and channels whose sums are kept before they become outputs.
enum { kEcMvePixels = 4, kEcMveChannels = 16 };

// Three instructions for sixteen bytes. Returns the end of what was written.
static inline int8_t* EcCopyMve(int8_t* to, const int8_t* from, int32_t count) {
  int8_t* const end = to + count;
  __asm__ volatile(
      "  wlstp.8 lr, %[count], 2f\n"
      "1:\n"
      "  vldrb.8 q0, [%[from]], #16\n"
      "  vstrb.8 q0, [%[to]], #16\n"
      "  letp lr, 1b\n"
      "2:\n"
      : [from] "+r"(from), [to] "+r"(to)
      : [count] "r"(count)
      : "lr", "q0", "memory");
  return end;
}

// A patch whose rows lie side by side on the image.
static inline void EcInnerPatchMve(const EcConvS8Layer* layer,
                                   const int8_t* from, int8_t* to) {
  const int32_t row = layer->kernel_width * layer->in_channels;
  const int32_t step =
      layer->dilation_height * layer->in_width * layer->in_channels;
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    to = EcCopyMve(to, from, row);
    from += step;
  }
}

// Any patch: in_y and in_x are where on the image it begins.
static inline void EcAnyPatchMve(const EcConvS8Layer* layer,
                                 const int8_t* input, int32_t top, int32_t left,
                                 int8_t* to) {
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    const int32_t y = top + ky * layer->dilation_height;
    const int32_t width = y >= 0 && y < layer->in_height ? layer->in_width : 0;
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      const int32_t x = left + kx * layer->dilation_width;
      const int32_t place = (y * layer->in_width + x) * layer->in_channels;
      to = EcCopyMve(to, x >= 0 && x < width ? input + place : layer->border,
                     layer->group_channels);
    }
  }
}

// Copies what the kernel sees at (y, x) of the output.
static inline void EcPatchMve(const EcConvS8Layer* layer, const int8_t* input,
                              int32_t y, int32_t x, int8_t* to) {
  const int32_t top = y * layer->stride_height - layer->pad_top;
  const int32_t left = x * layer->stride_width - layer->pad_left;
  const int32_t bottom =
      top + (layer->kernel_height - 1) * layer->dilation_height;
  if (top >= 0 && bottom < layer->in_height && left >= 0 &&
      left + layer->kernel_width <= layer->in_width &&
      layer->dilation_width == 1 &&
      layer->group_channels == layer->in_channels) {
    const int32_t place = (top * layer->in_width + left) * layer->in_channels;
    EcInnerPatchMve(layer, input + place, to);
  } else {
    EcAnyPatchMve(layer, input, top, left, to);
  }
}

// Stores outputs of `count` pixels, of the channels that see the same inputs.
// In the place of pixels that are missing the first is computed again.
static inline void EcMultiplyMve(const EcConvS8Layer* layer,
                                 const int8_t* patches, int32_t patch,
                                 int32_t first_channel, int32_t count,
                                 int8_t* output) {
  const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), kEcMveChannels);
  const int8_t* const pixels[kEcMvePixels] = {
      patches, patches + (count > 1 ? patch : 0),
      patches + (count > 2 ? 2 * patch : 0),
      patches + (count > 3 ? 3 * patch : 0)};
  const int8_t* weights = layer->weights + first_channel * patch;
  const int32_t end = first_channel + layer->group_out_channels;
  for (int32_t channel = first_channel; channel < end;
       channel += kEcMveChannels) {
    int32_t sums[kEcMvePixels * kEcMveChannels];
    const int32_t some = EcMin(end - channel, kEcMveChannels);
    int32_t i = 0;
    for (; i + 3 <= some; i += 3) {
      EcDotSixMve(pixels[0], pixels[1], weights, patch, sums + i,
                  kEcMveChannels);
      if (count > 2) {
        EcDotSixMve(pixels[2], pixels[3], weights, patch,
                    sums + 2 * kEcMveChannels + i, kEcMveChannels);
      }
      weights += 3 * patch;
    }
    for (; i < some; ++i) {
      vstrwq_scatter_shifted_offset_s32(sums + i, places,
                                        EcDotFourMve(pixels, weights, patch));
      weights += patch;
    }
    for (int32_t pixel = 0; pixel < count; ++pixel) {
      EcOutputsMve(&layer->scales, layer->bias + channel, channel,
                   sums + pixel * kEcMveChannels, some,
                   output + pixel * layer->out_channels + channel);
    }
  }
}

// Gathers the patches of `count` pixels, the first of which is number `first`.
static inline void EcGatherMve(const EcConvS8Layer* layer, const int8_t* input,
                               int32_t first, int32_t count, int32_t patch,
                               int8_t* patches) {
  const int32_t width = layer->out_width;
  if (layer->is_pointwise != 0 && patch == layer->in_channels) {
    EcCopyMve(patches, input + first * patch, count * patch);
    return;
  }
  int32_t y = first / width;
  int32_t x = first - y * width;
  for (int32_t i = 0; i < count; ++i) {
    EcPatchMve(layer, input, y, x, patches + i * patch);
    x += 1;
    if (x == width) {
      x = 0;
      y += 1;
    }
  }
}

// As EcConvS8.
static inline void EcConvMve(const EcConvS8Layer* layer, const int8_t* input,
                             int8_t* output, int8_t* patches) {
  const int32_t length =
      layer->kernel_height * layer->kernel_width * layer->group_channels;
  const int32_t patch = (length + 3) & ~3;  // as rows of weights are
  const int32_t pixels = layer->out_height * layer->out_width;
  for (int32_t channel = 0; channel < layer->out_channels;
       channel += layer->group_out_channels) {
    int8_t* to = output;
    for (int32_t done = 0; done < pixels; done += layer->block_pixels) {
      const int32_t count = EcMin(layer->block_pixels, pixels - done);
      EcGatherMve(layer, input, done, count, patch, patches);
      EcMultiplyMve(layer, patches, patch, channel, count, to);
      to += count * layer->out_channels;
    }
    input += layer->group_channels;
  }
}

#endif

#endif  // EDGECOMPRESS_KERNELS_CONV_MVE_H_
