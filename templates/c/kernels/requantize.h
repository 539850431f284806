// From the sums of a convolution or a dense layer to int8 outputs, as
// EcRequantize does it, in few instructions.

#ifndef EDGECOMPRESS_KERNELS_REQUANTIZE_H_
#define EDGECOMPRESS_KERNELS_REQUANTIZE_H_

#include <stdint.h>

#include "fixed_point.h"

// Apart from its callers, so that their loops have all registers; or in them.
#if defined(__GNUC__)
#define EC_OUT_OF_LINE __attribute__((noinline, unused))
#define EC_INLINE inline __attribute__((always_inline))
#else
#define EC_OUT_OF_LINE
#define EC_INLINE inline
#endif

typedef enum {
  kEcAnyScales,
  kEcPlainScales,
  kEcPlainClampedScales,  // into less than all of int8
} EcScalesKind;

// How the sums of a layer become outputs. For each channel, or for all with a
// step of 0, there are a multiplier and a shift: one of 1 to 22 is to the
// right, and twice a sum fits 32 bits. Other channels have EC_ANY_SHIFT plus a
// shift to the left, negative or not. A plain layer has no such channel and no
// weight of -128.
typedef struct {
  const int32_t* multipliers;
  const int8_t* shifts;
  int16_t channel_step;
  int16_t zero_point;
  int16_t low;
  int16_t high;
  int16_t kind;  // an EcScalesKind
} EcScales;

#define EC_ANY_SHIFT 64

// The upper half of 2 * value * multiplier, rounded half up.
static inline int32_t EcDoubledHighMul(int32_t value, int32_t multiplier) {
#if defined(__ARM_FEATURE_DSP)
  int32_t high;
  __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(value * 2), "r"(multiplier));
  return high;
#else
  return EcHighMul(value, multiplier);
#endif
}

static inline int32_t EcSaturateS8(int32_t value) {
#if defined(__ARM_FEATURE_SAT) && defined(__thumb2__)
  __asm__("ssat %0, #8, %0" : "+r"(value));
  return value;
#else
  return EcClamp(value, INT8_MIN, INT8_MAX);
#endif
}

// An output of a plain layer, in int8 but not yet in the layer's range. `ends`
// is twice the zero point, and one: together with half of the last place that
// is kept, it is added before the shift. Halves go away from zero: up, after
// negative values went down by one.
static EC_INLINE int8_t EcPlainOutput(int32_t sum, int32_t multiplier,
                                      int32_t shift, int32_t ends) {
  const int32_t offset = EcShiftLeft(ends, shift - 1);
  const int32_t product = EcDoubledHighMul(sum, multiplier);
  return (int8_t)EcSaturateS8((product + (product >> 31) + offset) >> shift);
}

// An output of any layer.
static EC_OUT_OF_LINE int8_t EcOutputS8(const EcScales* scales, int32_t channel,
                                        int32_t sum) {
  const int32_t entry = channel * scales->channel_step;
  const int32_t multiplier = scales->multipliers[entry];
  const int32_t stored = scales->shifts[entry];
  const int32_t shift =
      stored < EC_ANY_SHIFT / 2 ? -stored : stored - EC_ANY_SHIFT;
  const int32_t value =
      EcRequantize(sum, multiplier, shift) + scales->zero_point;
  return (int8_t)EcClamp(value, scales->low, scales->high);
}

typedef struct {
  int32_t of0;
  int32_t of1;
  int32_t of2;
  int32_t of3;
} EcFourSums;

// Brings outputs of a plain layer, `count` in a row, into its range.
static EC_OUT_OF_LINE void EcClampRow(const EcScales* scales, int8_t* output,
                                      int32_t count) {
  if (scales->kind == kEcPlainClampedScales) {
    for (int32_t i = 0; i < count; ++i) {
      output[i] = (int8_t)EcClamp(output[i], scales->low, scales->high);
    }
  }
}

// Scales of channels one after another.
typedef struct {
  const EcScales* all;
  const int32_t* multiplier;
  const int8_t* shift;
  int32_t channel;
} EcScaleReader;

static inline EcScaleReader EcScalesFrom(const EcScales* scales,
                                         int32_t channel) {
  const int32_t entry = channel * scales->channel_step;
  const EcScaleReader reader = {scales, scales->multipliers + entry,
                                scales->shifts + entry, channel};
  return reader;
}

// Four channels of one pixel, at the next four scales; EcClampRow has to
// follow. `step` is that of the scales; a constant makes it faster.
static EC_INLINE void EcOutputFour(EcScaleReader* next, int32_t step,
                                   const EcFourSums* sums, int8_t* output) {
  const EcScales* scales = next->all;
  if (scales->kind != kEcAnyScales) {
    const int32_t ends = 2 * scales->zero_point + 1;
    const int32_t* multiplier = next->multiplier;
    const int8_t* shift = next->shift;
    output[0] = EcPlainOutput(sums->of0, *multiplier, *shift, ends);
    multiplier += step;
    shift += step;
    output[1] = EcPlainOutput(sums->of1, *multiplier, *shift, ends);
    multiplier += step;
    shift += step;
    output[2] = EcPlainOutput(sums->of2, *multiplier, *shift, ends);
    multiplier += step;
    shift += step;
    output[3] = EcPlainOutput(sums->of3, *multiplier, *shift, ends);
    next->multiplier = multiplier + step;
    next->shift = shift + step;
  } else {
    output[0] = EcOutputS8(scales, next->channel, sums->of0);
    output[1] = EcOutputS8(scales, next->channel + 1, sums->of1);
    output[2] = EcOutputS8(scales, next->channel + 2, sums->of2);
    output[3] = EcOutputS8(scales, next->channel + 3, sums->of3);
  }
  next->channel += 4;
}

#endif  // EDGECOMPRESS_KERNELS_REQUANTIZE_H_
