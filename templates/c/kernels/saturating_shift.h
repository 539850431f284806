// Shifts that stop at the ends of what 32 bits hold.

#ifndef EDGECOMPRESS_KERNELS_SATURATING_SHIFT_H_
#define EDGECOMPRESS_KERNELS_SATURATING_SHIFT_H_

#include <stdint.h>

// value * 2^exponent; 0 <= exponent <= 31.
static inline int32_t EcSaturatingShiftLeft(int32_t value, int32_t exponent) {
  const int64_t shifted = (int64_t)value * ((int64_t)1 << exponent);
  if (shifted > INT32_MAX) {
    return INT32_MAX;
  }
  return shifted < INT32_MIN ? INT32_MIN : (int32_t)shifted;
}

#endif  // EDGECOMPRESS_KERNELS_SATURATING_SHIFT_H_
