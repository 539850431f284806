// Fixed-point arithmetic on sums of 64 bits: those of int16 activations.

#ifndef EDGECOMPRESS_KERNELS_FIXED_POINT64_H_
#define EDGECOMPRESS_KERNELS_FIXED_POINT64_H_

#include <stdint.h>

// value * multiplier / 2^shift, rounded half up; shift > 0. The multiplier has
// 15 bits, so that the product of a sum of 47 bits fits.
static inline int32_t EcRequantize64(int64_t value, int32_t multiplier,
                                     int32_t shift) {
  const int64_t half = (int64_t)1 << (shift - 1);
  return (int32_t)((value * multiplier + half) >> shift);
}

#endif  // EDGECOMPRESS_KERNELS_FIXED_POINT64_H_
