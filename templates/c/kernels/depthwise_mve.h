// Depthwise convolution of sixteen channels at once, for cores with Helium.

#ifndef EDGECOMPRESS_KERNELS_DEPTHWISE_MVE_H_
#define EDGECOMPRESS_KERNELS_DEPTHWISE_MVE_H_

#include <stdint.h>

#include "depthwise_conv_s8.h"
#include "requantize_mve.h"

#if defined(EC_HAS_MVE)

// The places of a kernel that EcSumsMve can add, channels at once, and channels
// whose sums are kept before they become outputs.
enum { kEcMveTaps = 255, kEcMveDepth = 16, kEcMveSums = 64 };

// Adds up what `taps` point at, from `channel` on, times the weights: `left`
// channels, by fours.
//
// Products fit 16 bits, their sums do not. So they are added twice: modulo 2^16
// to q4 (channels 0, 2, ... 14) and q5 (1, 3, ... 15), and over 2^7, rounded
// down, to q6 and q7. A sum is 2^7 times the second plus the difference that
// the first shows, which is less than 2^7 for each product.
static inline void EcSumsMve(const int8_t* const* taps, int32_t count,
                             const int8_t* weights, int32_t channel,
                             int32_t left, int32_t sums[kEcMveDepth]) {
  const int32_t over_128 = 1 << (15 - 7);
  const int8_t* pixel;
  uint32_t four = 0;
  __asm__ volatile(
      "  vmov.i32 q4, #0\n"
      "  vmov.i32 q5, #0\n"
      "  vmov.i32 q6, #0\n"
      "  vmov.i32 q7, #0\n"
      "  vidup.u32 q3, %[four], #4\n"
      "  vmul.i32 q3, q3, %[count]\n"  // where the weights of fours begin
      "  vctp.8 %[left]\n"
      "  dls lr, %[count]\n"
      "1:\n"  // thirteen instructions for sixteen products
      "  ldr %[pixel], [%[taps]], #4\n"
      "  add %[pixel], %[channel]\n"
      "  vpstt\n"
      "  vldrbt.8 q0, [%[pixel]]\n"
      "  vldrwt.u32 q1, [%[weights], q3]\n"
      "  add %[weights], #4\n"
      "  vmullb.s8 q2, q0, q1\n"
      "  vmullt.s8 q0, q0, q1\n"
      "  vadd.i16 q4, q4, q2\n"
      "  vqdmlah.s16 q6, q2, %[over_128]\n"
      "  vadd.i16 q5, q5, q0\n"
      "  vqdmlah.s16 q7, q0, %[over_128]\n"
      "  le lr, 1b\n"
      "  vshl.i16 q0, q6, #7\n"
      "  vshl.i16 q1, q7, #7\n"
      "  vsub.i16 q4, q4, q0\n"
      "  vsub.i16 q5, q5, q1\n"
      "  vshllb.s16 q0, q6, #7\n"  // channels 0, 4, 8, 12
      "  vshllb.s16 q1, q7, #7\n"  // channels 1, 5, 9, 13
      "  vshllt.s16 q2, q6, #7\n"
      "  vshllt.s16 q3, q7, #7\n"
      "  vmovlb.u16 q6, q4\n"
      "  vmovlb.u16 q7, q5\n"
      "  vadd.i32 q0, q0, q6\n"
      "  vadd.i32 q1, q1, q7\n"
      "  vmovlt.u16 q6, q4\n"
      "  vmovlt.u16 q7, q5\n"
      "  vadd.i32 q2, q2, q6\n"
      "  vadd.i32 q3, q3, q7\n"
      "  vst40.32 {q0, q1, q2, q3}, [%[sums]]\n"
      "  vst41.32 {q0, q1, q2, q3}, [%[sums]]\n"
      "  vst42.32 {q0, q1, q2, q3}, [%[sums]]\n"
      "  vst43.32 {q0, q1, q2, q3}, [%[sums]]\n"
      : [taps] "+r"(taps), [weights] "+r"(weights), [pixel] "=&r"(pixel),
        [four] "+Te"(four)
      : [count] "r"(count), [channel] "r"(channel), [left] "r"(left),
        [over_128] "r"(over_128), [sums] "r"(sums)
      : "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "memory");
}

// Channels of one output pixel up to `end`, a multiple of four, where each is
// that of an input. At most kEcMveTaps taps point at what is multiplied.
static inline void EcDepthwiseMve(const EcDepthwiseConvS8Layer* layer,
                                  const int8_t* const* taps, int32_t end,
                                  int8_t* output) {
  int32_t sums[kEcMveSums];
  const int8_t* weights = layer->weights;
  for (int32_t channel = 0; channel < end; channel += kEcMveSums) {
    const int32_t some = EcMin(end - channel, kEcMveSums);
    for (int32_t i = 0; i < some; i += kEcMveDepth) {
      EcSumsMve(taps, layer->tap_count, weights, channel + i,
                EcMin(some - i, kEcMveDepth), sums + i);
      weights += kEcMveDepth * layer->tap_count;
    }
    EcOutputsMve(&layer->scales, layer->bias + channel, channel, sums, some,
                 output + channel);
  }
}

// A kernel's places that lie on the image, the first of them at `pixel`.
static inline const int8_t** EcInnerTapsMve(const EcDepthwiseConvS8Layer* layer,
                                            const int8_t* pixel,
                                            const int8_t** taps) {
  const int32_t step = layer->dilation_width * layer->in_channels;
  const int32_t row =
      layer->dilation_height * layer->in_width * layer->in_channels;
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    const int8_t* place = pixel;
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      *taps++ = place;
      place += step;
    }
    pixel += row;
  }
  return taps;
}

// A kernel's places, the first at (top, left) of the image or beside it. Those
// that lie beside it are on the border.
static inline const int8_t** EcAnyTapsMve(const EcDepthwiseConvS8Layer* layer,
                                          const int8_t* input, int32_t top,
                                          int32_t left, const int8_t** taps) {
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    const int32_t y = top + ky * layer->dilation_height;
    const int32_t width = y >= 0 && y < layer->in_height ? layer->in_width : 0;
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      const int32_t x = left + kx * layer->dilation_width;
      const int32_t place = (y * layer->in_width + x) * layer->in_channels;
      *taps++ = x >= 0 && x < width ? input + place : layer->border;
    }
  }
  return taps;
}

// Notes where each place of the kernel reads, for the output at (y, x). Taps
// beyond the kernel, whose weights are zero, read the border.
static inline void EcFindTapsMve(const EcDepthwiseConvS8Layer* layer,
                                 const int8_t* input, int32_t y, int32_t x,
                                 const int8_t** taps) {
  const int32_t top = y * layer->stride_height - layer->pad_top;
  const int32_t left = x * layer->stride_width - layer->pad_left;
  const int32_t bottom =
      top + (layer->kernel_height - 1) * layer->dilation_height;
  const int32_t right =
      left + (layer->kernel_width - 1) * layer->dilation_width;
  const int8_t** const end = taps + layer->tap_count;
  if (top >= 0 && bottom < layer->in_height && left >= 0 &&
      right < layer->in_width) {
    const int32_t place = (top * layer->in_width + left) * layer->in_channels;
    taps = EcInnerTapsMve(layer, input + place, taps);
  } else {
    taps = EcAnyTapsMve(layer, input, top, left, taps);
  }
  while (taps != end) {
    *taps++ = layer->border;
  }
}

#endif

#endif  // EDGECOMPRESS_KERNELS_DEPTHWISE_MVE_H_
