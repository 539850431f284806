// Values of two tensors, brought to one scale.

#ifndef EDGECOMPRESS_KERNELS_COMMON_SCALE_H_
#define EDGECOMPRESS_KERNELS_COMMON_SCALE_H_

#include <stdint.h>

#include "fixed_point.h"

// `value`, less its zero point, in a scale that both inputs share.
static inline int32_t EcToCommonScale(int32_t value, int32_t left_shift,
                                      int32_t multiplier, int32_t shift) {
  return EcRequantize(EcShiftLeft(value, left_shift), multiplier, shift);
}

#endif  // EDGECOMPRESS_KERNELS_COMMON_SCALE_H_
