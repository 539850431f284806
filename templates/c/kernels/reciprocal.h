// One over a fixed-point number, by Newton's method.

#ifndef EDGECOMPRESS_KERNELS_RECIPROCAL_H_
#define EDGECOMPRESS_KERNELS_RECIPROCAL_H_

#include <stdint.h>

#include "fixed_point.h"

static inline int32_t EcLeadingZeros(uint32_t value) {
#if defined(__GNUC__)
  return value == 0 ? 32 : (int32_t)__builtin_clz(value);
#else
  int32_t zeros = 32;
  while (value != 0) {
    value >>= 1;
    --zeros;
  }
  return zeros;
#endif
}

// 1 / (1 + value) of a value in [0, 1), both in Q0.31: three steps of Newton's
// from 48/17 - 32/17 d, where d is half of 1 + value.
static inline int32_t EcOneOverOnePlus(int32_t value) {
  const int32_t k48Over17 = 1515870810;  // in Q2.29
  const int32_t kMinus32Over17 = -1010580540;
  const int32_t half = (int32_t)(((int64_t)value + INT32_MAX + 1) / 2);
  int32_t x = k48Over17 + EcHighMul(half, kMinus32Over17);
  for (int32_t i = 0; i < 3; ++i) {
    const int32_t error = (1 << 29) - EcHighMul(half, x);
    x += EcShiftLeft(EcHighMul(x, error), 2);
  }
  return x > INT32_MAX / 2 ? INT32_MAX : x * 2;
}

// One over a positive number with `integer_bits` bits before the point: the
// result in Q0.31, to be divided by 2^*bits_over_unit.
static inline int32_t EcReciprocal(int32_t value, int32_t integer_bits,
                                   int32_t* bits_over_unit) {
  const int32_t zeros = EcLeadingZeros((uint32_t)value);
  *bits_over_unit = integer_bits - zeros;
  // A positive value has at most 31 zeros.
  // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
  const uint32_t fraction = ((uint32_t)value << zeros) - (1u << 31);
  return EcOneOverOnePlus((int32_t)fraction);
}

#endif  // EDGECOMPRESS_KERNELS_RECIPROCAL_H_
