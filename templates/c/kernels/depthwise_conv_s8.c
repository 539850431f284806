#include "depthwise_conv_s8.h"

#include "depthwise_mve.h"
#include "pairs.h"

// Notes where each place of the kernel reads, for the output at (y, x): a pixel
// of the input, or the border. So do taps beyond the kernel, whose weights are
// zero.
static void FindTaps(const EcDepthwiseConvS8Layer* layer, const int8_t* input,
                     int32_t y, int32_t x, const int8_t** taps) {
#if defined(EC_HAS_MVE)
  EcFindTapsMve(layer, input, y, x, taps);
#else
  const int32_t top = y * layer->stride_height - layer->pad_top;
  const int32_t left = x * layer->stride_width - layer->pad_left;
  const int8_t** const end = taps + layer->tap_count;
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    const int32_t in_y = top + ky * layer->dilation_height;
    const int is_row = in_y >= 0 && in_y < layer->in_height;
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      const int32_t in_x = left + kx * layer->dilation_width;
      const int is_inside = is_row && in_x >= 0 && in_x < layer->in_width;
      const int32_t pixel = in_y * layer->in_width + in_x;
      *taps++ = is_inside ? input + pixel * layer->in_channels : layer->border;
    }
  }
  while (taps != end) {
    *taps++ = layer->border;
  }
#endif
}

static void OneChannel(const EcDepthwiseConvS8Layer* layer,
                       const int8_t* const* taps, int32_t channel,
                       int8_t* output) {
  const int32_t in_channel = channel / layer->depth_multiplier;
  const int32_t count = layer->tap_count;
  const int8_t* weights = layer->weights + channel * count;
  int32_t sum = layer->bias[channel];
  for (int32_t tap = 0; tap < count; ++tap) {
    sum += taps[tap][in_channel] * weights[tap];
  }
  output[channel] = EcOutputS8(&layer->scales, channel, sum);
}

// Adds the products of four weights with one channel of a pixel.
static inline void AddOne(int32_t value, const int8_t* weights,
                          EcFourSums* sums) {
  sums->of0 += value * weights[0];
  sums->of1 += value * weights[1];
  sums->of2 += value * weights[2];
  sums->of3 += value * weights[3];
}

#if defined(EC_HAS_DUAL_MAC)
// Four weights times as many channels of a pixel: the place of the kernel that
// `tap` points to.
#define EC_TAP                                    \
  "  ldr %[x], [%[tap]], #4\n"                    \
  "  ldr %[w], [%[weights]], #4\n"                \
  "  ldr %[x], [%[x], %[channel]]\n"              \
  "  sxtb16 %[even_w], %[w]\n"                    \
  "  sxtb16 %[even_x], %[x]\n"                    \
  "  sxtb16 %[w], %[w], ror #8\n"                 \
  "  sxtb16 %[x], %[x], ror #8\n"                 \
  "  smlabb %[s0], %[even_x], %[even_w], %[s0]\n" \
  "  smlatt %[s2], %[even_x], %[even_w], %[s2]\n" \
  "  smlabb %[s1], %[x], %[w], %[s1]\n"           \
  "  smlatt %[s3], %[x], %[w], %[s3]\n"
#endif

// Adds the products of four channels at all taps; returns the weights of the
// next four.
static inline const int8_t* AddTaps(const int8_t* const* tap,
                                    const int8_t* const* last, int32_t channel,
                                    const int8_t* weights, EcFourSums* sums) {
#if defined(EC_HAS_DUAL_MAC)
  uint32_t x;
  uint32_t w;
  uint32_t even_x;
  uint32_t even_w;
  __asm__ volatile(
      "1:\n" EC_TAP EC_TAP EC_TAP
      "  cmp %[tap], %[last]\n"
      "  bne 1b\n"
      : [s0] "+r"(sums->of0), [s1] "+r"(sums->of1), [s2] "+r"(sums->of2),
        [s3] "+r"(sums->of3), [tap] "+r"(tap), [weights] "+r"(weights),
        [x] "=&r"(x), [w] "=&r"(w), [even_x] "=&r"(even_x),
        [even_w] "=&r"(even_w)
      : [last] "r"(last), [channel] "r"(channel)
      : "cc", "memory");
#else
  for (; tap != last; ++tap) {
    const int8_t* pixel = *tap + channel;
    sums->of0 += pixel[0] * weights[0];
    sums->of1 += pixel[1] * weights[1];
    sums->of2 += pixel[2] * weights[2];
    sums->of3 += pixel[3] * weights[3];
    weights += 4;
  }
#endif
  return weights;
}

// Four outputs of as many channels of the input, and so on up to `end`.
static EC_OUT_OF_LINE void FourChannels(const EcDepthwiseConvS8Layer* layer,
                                        const int8_t* const* taps, int32_t end,
                                        int8_t* output) {
  const int32_t count = layer->tap_count;
  const int8_t* const* const last = taps + count;
  const int8_t* weights = layer->weights;
  const int32_t* bias = layer->bias;
  EcScaleReader scales = EcScalesFrom(&layer->scales, 0);
  for (int32_t channel = 0; channel < end; channel += 4) {
    EcFourSums sums = {bias[0], bias[1], bias[2], bias[3]};
    weights = AddTaps(taps, last, channel, weights, &sums);
    EcOutputFour(&scales, 1, &sums, output + channel);
    bias += 4;
  }
}

// Four outputs of one channel of the input, and so on.
static void FourOfOne(const EcDepthwiseConvS8Layer* layer,
                      const int8_t* const* taps, int8_t* output) {
  const int32_t channels = layer->in_channels * layer->depth_multiplier;
  const int32_t count = layer->tap_count;
  const int8_t* weights = layer->weights;
  EcScaleReader scales = EcScalesFrom(&layer->scales, 0);
  for (int32_t channel = 0; channel < channels; channel += 4) {
    const int32_t in_channel = channel / layer->depth_multiplier;
    const int32_t* bias = layer->bias + channel;
    EcFourSums sums = {bias[0], bias[1], bias[2], bias[3]};
    for (int32_t tap = 0; tap < count; ++tap) {
      AddOne(taps[tap][in_channel], weights, &sums);
      weights += 4;
    }
    EcOutputFour(&scales, 1, &sums, output + channel);
  }
}

static void Pixel(const EcDepthwiseConvS8Layer* layer,
                  const int8_t* const* taps, int8_t* output) {
  const int32_t multiplier = layer->depth_multiplier;
  const int32_t channels = layer->in_channels * multiplier;
  int32_t done = 0;
  if (multiplier == 1) {
    done = channels & ~3;
#if defined(EC_HAS_MVE)
    if (layer->tap_count <= kEcMveTaps) {
      EcDepthwiseMve(layer, taps, done, output);
    } else {
      FourChannels(layer, taps, done, output);
    }
#else
    FourChannels(layer, taps, done, output);
#endif
  } else if (multiplier % 4 == 0) {
    done = channels;
    FourOfOne(layer, taps, output);
  }
  for (; done < channels; ++done) {
    OneChannel(layer, taps, done, output);
  }
  EcClampRow(&layer->scales, output, channels);
}

void EcDepthwiseConvS8(const EcDepthwiseConvS8Layer* layer, const int8_t* input,
                       int8_t* output, const int8_t** taps) {
  for (int32_t y = 0; y < layer->out_height; ++y) {
    for (int32_t x = 0; x < layer->out_width; ++x) {
      FindTaps(layer, input, y, x, taps);
      Pixel(layer, taps, output);
      output += layer->in_channels * layer->depth_multiplier;
    }
  }
}
