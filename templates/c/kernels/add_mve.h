// Sums of two runs of int8 values, four at once, for cores with Helium.

#ifndef EDGECOMPRESS_KERNELS_ADD_MVE_H_
#define EDGECOMPRESS_KERNELS_ADD_MVE_H_

#include <stdint.h>

#include "add.h"
#include "requantize_mve.h"

#if defined(EC_HAS_MVE)

// A run's first outputs, as many as there are groups of four; returns how many.
static inline int32_t EcAddFoursMve(const EcAddLayer* layer,
                                    const int8_t* input1, const int8_t* input2,
                                    int8_t* output) {
  const EcShiftMve shift1 = EcShiftMveOf(layer->shift1);
  const EcShiftMve shift2 = EcShiftMveOf(layer->shift2);
  const EcShiftMve shift = EcShiftMveOf(layer->shift);
  const int32_t left1 = layer->left_shift + shift1.left;
  const int32_t left2 = layer->left_shift + shift2.left;
  const int32x4_t low = vdupq_n_s32(layer->low);
  const int32x4_t high = vdupq_n_s32(layer->high);
  const int32_t count = layer->shape.run & ~3;
  for (int32_t i = 0; i < count; i += 4) {
    int32x4_t a = vaddq_n_s32(vldrbq_s32(input1 + i), layer->offset1);
    a = vqrdmulhq_n_s32(vshlq_r_s32(a, left1), layer->multiplier1);
    int32x4_t b = vaddq_n_s32(vldrbq_s32(input2 + i), layer->offset2);
    b = vqrdmulhq_n_s32(vshlq_r_s32(b, left2), layer->multiplier2);
    a = EcShiftRightMve(a, shift1);
    a = vmlaq_n_s32(a, EcShiftRightMve(b, shift2), layer->sign2);
    a = vqrdmulhq_n_s32(vshlq_r_s32(a, shift.left), layer->multiplier);
    a = vaddq_n_s32(EcShiftRightMve(a, shift), layer->zero_point);
    vstrbq_s32(output + i, vmaxq_s32(vminq_s32(a, high), low));
  }
  return count;
}

#endif

#endif  // EDGECOMPRESS_KERNELS_ADD_MVE_H_
