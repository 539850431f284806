// From sums to outputs as EcOutputS8 of requantize.h does it, four at once, for
// cores with Helium. VQRDMULH and VRSHL round halves up, as EcHighMul and the
// last step of EcRequantize do.

#ifndef EDGECOMPRESS_KERNELS_REQUANTIZE_MVE_H_
#define EDGECOMPRESS_KERNELS_REQUANTIZE_MVE_H_

#include <stdint.h>

#include "mve.h"
#include "requantize.h"

#if defined(EC_HAS_MVE)

// Shifts to the left, given those of EcScales.
static inline int32x4_t EcShiftsMve(int32x4_t stored) {
  return vpselq_s32(vsubq_n_s32(stored, EC_ANY_SHIFT), vnegq_s32(stored),
                    vcmpgeq_n_s32(stored, EC_ANY_SHIFT / 2));
}

// As EcRequantize.
static inline int32x4_t EcRequantizeMve(int32x4_t value, int32x4_t multiplier,
                                        int32x4_t shift) {
  const int32x4_t zero = vdupq_n_s32(0);
  const int32x4_t right = vminq_s32(shift, zero);
  const int32x4_t shifted = vshlq_s32(value, vmaxq_s32(shift, zero));
  const int32x4_t product = vqrdmulhq_s32(shifted, multiplier);
  const int32x4_t lower = vshrq_n_s32(vandq_s32(product, right), 31);
  return vrshlq_s32(vaddq_s32(product, lower), right);
}

// A shift as EcRequantize takes it, in two parts.
typedef struct {
  int32_t left;      // 0 at least
  int32_t right;     // 0 at most
  int32_t is_right;  // or 0
} EcShiftMve;

static inline EcShiftMve EcShiftMveOf(int32_t shift) {
  const EcShiftMve parts = {EcMax(shift, 0), EcMin(shift, 0), shift < 0};
  return parts;
}

// The last step of EcRequantize.
static inline int32x4_t EcShiftRightMve(int32x4_t product, EcShiftMve shift) {
  const int32x4_t lower = vshrq_n_s32(product, 31);
  return vrshlq_n_s32(vmlaq_n_s32(product, lower, shift.is_right), shift.right);
}

// With the zero point, and within the limits of int8 or the activation's.
static inline int32x4_t EcLimitMve(const EcScales* scales, int32x4_t value) {
  const int32x4_t output = vqaddq_n_s32(value, scales->zero_point);
  return vmaxq_s32(vminq_s32(output, vdupq_n_s32(scales->high)),
                   vdupq_n_s32(scales->low));
}

// Four channels of one pixel at most: of any scales.
static inline void EcAnyOutputsMve(const EcScales* scales, int32_t channel,
                                   int32x4_t sums, int32_t count,
                                   int8_t* output) {
  const mve_pred16_t is_there = vctp32q((uint32_t)count);
  const int32_t step = scales->channel_step;
  const int32_t* multipliers = scales->multipliers + channel * step;
  const int8_t* shifts = scales->shifts + channel * step;
  int32x4_t multiplier = vdupq_n_s32(*multipliers);
  int32x4_t shift = vdupq_n_s32(*shifts);
  if (step != 0) {
    multiplier = vldrwq_z_s32(multipliers, is_there);
    shift = vldrbq_z_s32(shifts, is_there);
  }
  const int32x4_t value = EcRequantizeMve(sums, multiplier, EcShiftsMve(shift));
  vstrbq_p_s32(output, EcLimitMve(scales, value), is_there);
}

// Channels of a plain layer: fifteen instructions for four.
static inline void EcPlainOutputsMve(const EcScales* scales,
                                     const int32_t* bias, int32_t channel,
                                     const int32_t* sums, int32_t count,
                                     int8_t* output) {
  const int32_t* multiplier = scales->multipliers + channel;
  const int8_t* shift = scales->shifts + channel;
  const int32_t zero_point = scales->zero_point;
  const int32x4_t low = vdupq_n_s32(scales->low);
  const int32x4_t high = vdupq_n_s32(scales->high);
  __asm__ volatile(
      "  dlstp.32 lr, %[count]\n"
      "1:\n"
      "  vldrw.32 q0, [%[sums]], #16\n"
      "  vldrw.32 q1, [%[bias]], #16\n"
      "  vadd.i32 q0, q0, q1\n"
      "  vldrw.32 q1, [%[multiplier]], #16\n"
      "  vqrdmulh.s32 q0, q0, q1\n"
      "  vldrb.s32 q1, [%[shift]], #4\n"
      "  vshr.s32 q2, q0, #31\n"
      "  vneg.s32 q1, q1\n"
      "  vadd.i32 q0, q0, q2\n"
      "  vrshl.s32 q0, q0, q1\n"
      "  vadd.i32 q0, q0, %[zero_point]\n"
      "  vmin.s32 q0, q0, %q[high]\n"
      "  vmax.s32 q0, q0, %q[low]\n"
      "  vstrb.32 q0, [%[output]], #4\n"
      "  letp lr, 1b\n"
      : [sums] "+r"(sums), [bias] "+r"(bias), [multiplier] "+r"(multiplier),
        [shift] "+l"(shift), [output] "+l"(output)
      : [count] "r"(count), [zero_point] "r"(zero_point), [low] "w"(low),
        [high] "w"(high)
      : "lr", "q0", "q1", "q2", "memory");
}

// Stores `count` channels of one pixel from `channel` on, given sums without
// biases. `bias`, `sums` and `output` are those of the first.
static inline void EcOutputsMve(const EcScales* scales, const int32_t* bias,
                                int32_t channel, const int32_t* sums,
                                int32_t count, int8_t* output) {
  if (scales->kind != kEcAnyScales && scales->channel_step != 0) {
    EcPlainOutputsMve(scales, bias, channel, sums, count, output);
    return;
  }
  for (int32_t i = 0; i < count; i += 4) {
    const mve_pred16_t is_there = vctp32q((uint32_t)(count - i));
    const int32x4_t sum = vaddq_s32(vldrwq_z_s32(sums + i, is_there),
                                    vldrwq_z_s32(bias + i, is_there));
    EcAnyOutputsMve(scales, channel + i, sum, count - i, output + i);
  }
}

#endif

#endif  // EDGECOMPRESS_KERNELS_REQUANTIZE_MVE_H_
