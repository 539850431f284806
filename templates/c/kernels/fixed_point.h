// Fixed-point arithmetic of quantized inference, as the TFLite quantization
// specification and gemmlowp define it:
// https://ai.google.dev/edge/litert/models/quantization_spec
// https://github.com/google/gemmlowp/blob/master/doc/quantization.md

#ifndef EDGECOMPRESS_KERNELS_FIXED_POINT_H_
#define EDGECOMPRESS_KERNELS_FIXED_POINT_H_

#include <stdint.h>

static inline int32_t EcMin(int32_t a, int32_t b) { return a < b ? a : b; }

static inline int32_t EcMax(int32_t a, int32_t b) { return a > b ? a : b; }

static inline int32_t EcClamp(int32_t value, int32_t low, int32_t high) {
  return EcMin(EcMax(value, low), high);
}

// value * multiplier / 2^31, rounded half up.
static inline int32_t EcHighMul(int32_t value, int32_t multiplier) {
#if defined(__thumb__) && !defined(__thumb2__)
  // Armv6-M has no product of 64 bits: by halves, value = a * 2^16 + b and
  // multiplier = c * 2^16 + d.
  const int32_t a = value >> 16;
  const int32_t b = value & 0xffff;
  const int32_t c = multiplier >> 16;
  const int32_t d = multiplier & 0xffff;
  const int32_t ad = a * d;
  const int32_t bc = b * c + (int32_t)(((uint32_t)b * (uint32_t)d) >> 16);
  const int32_t middle = (ad & 0xffff) + (bc & 0xffff);
  const int32_t high = a * c + (ad >> 16) + (bc >> 16);
  return high * 2 + ((middle + 0x4000) >> 15);
#else
  const int64_t product = (int64_t)value * multiplier;
  return (int32_t)((product + (1 << 30)) >> 31);
#endif
}

// value / 2^exponent, rounded half away from zero; 0 <= exponent <= 31.
static inline int32_t EcRoundingShift(int32_t value, int32_t exponent) {
  const int32_t mask = (int32_t)((1u << exponent) - 1);
  const int32_t remainder = value & mask;
  const int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
  return (value >> exponent) + (remainder > threshold ? 1 : 0);
}

// value * 2^exponent, modulo 2^32.
static inline int32_t EcShiftLeft(int32_t value, int32_t exponent) {
  return (int32_t)((uint32_t)value << exponent);
}

// value * multiplier / 2^31 * 2^shift, rounded after each of the two.
static inline int32_t EcRequantize(int32_t value, int32_t multiplier,
                                   int32_t shift) {
  if (shift >= 0) {
    return EcHighMul(EcShiftLeft(value, shift), multiplier);
  }
  // As EcRoundingShift, but for fewer instructions: halves up, after negative
  // values went down by one. The product is never at an end of int32.
  int32_t scaled = EcHighMul(value, multiplier);
  scaled += scaled >> 31;
  return ((scaled >> (-shift - 1)) + 1) >> 1;
}

#endif  // EDGECOMPRESS_KERNELS_FIXED_POINT_H_
