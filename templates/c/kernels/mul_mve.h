// Products of two runs of int8 values, four at once, for cores with Helium.

#ifndef EDGECOMPRESS_KERNELS_MUL_MVE_H_
#define EDGECOMPRESS_KERNELS_MUL_MVE_H_

#include <stdint.h>

#include "mul.h"
#include "requantize_mve.h"

#if defined(EC_HAS_MVE)

// A run's first outputs, as many as there are groups of four; returns how many.
static inline int32_t EcMulFoursMve(const EcMulLayer* layer,
                                    const int8_t* input1, const int8_t* input2,
                                    int8_t* output) {
  const EcShiftMve shift = EcShiftMveOf(layer->shift);
  const int32x4_t low = vdupq_n_s32(layer->low);
  const int32x4_t high = vdupq_n_s32(layer->high);
  const int32_t count = layer->shape.run & ~3;
  for (int32_t i = 0; i < count; i += 4) {
    const int32x4_t a = vaddq_n_s32(vldrbq_s32(input1 + i), layer->offset1);
    const int32x4_t b = vaddq_n_s32(vldrbq_s32(input2 + i), layer->offset2);
    const int32x4_t raised = vshlq_r_s32(vmulq_s32(a, b), shift.left);
    const int32x4_t product = vqrdmulhq_n_s32(raised, layer->multiplier);
    const int32x4_t value =
        vaddq_n_s32(EcShiftRightMve(product, shift), layer->zero_point);
    vstrbq_s32(output + i, vmaxq_s32(vminq_s32(value, high), low));
  }
  return count;
}

#endif

#endif  // EDGECOMPRESS_KERNELS_MUL_MVE_H_
