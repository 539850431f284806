// Pooling of several channels at once, for cores with Helium.

#ifndef EDGECOMPRESS_KERNELS_POOL_MVE_H_
#define EDGECOMPRESS_KERNELS_POOL_MVE_H_

#include <stdint.h>

#include "fixed_point.h"
#include "mve.h"
#include "pool.h"

#if defined(EC_HAS_MVE)

// The part of a window that lies on the image.
typedef struct {
  const int8_t* first;
  int32_t height;
  int32_t width;
  int32_t row;  // bytes from one row of the image to the next
} EcMveWindow;

static inline EcMveWindow EcMveWindowAt(const EcPoolLayer* layer,
                                        const int8_t* input, int32_t top,
                                        int32_t left) {
  const int32_t y0 = EcMax(top, 0);
  const int32_t y1 = EcMin(top + layer->filter_height, layer->in_height);
  const int32_t x0 = EcMax(left, 0);
  const int32_t x1 = EcMin(left + layer->filter_width, layer->in_width);
  const EcMveWindow window = {
      input + (y0 * layer->in_width + x0) * layer->channels, y1 - y0, x1 - x0,
      layer->in_width * layer->channels};
  return window;
}

// Sixteen channels of the largest values.
static inline int8x16_t EcLargestMve(const EcMveWindow* window,
                                     int32_t channels, int32_t channel,
                                     mve_pred16_t is_there) {
  int8x16_t largest = vdupq_n_s8(INT8_MIN);
  for (int32_t y = 0; y < window->height; ++y) {
    const int8_t* place = window->first + y * window->row + channel;
    for (int32_t x = 0; x < window->width; ++x) {
      largest = vmaxq_s8(largest, vldrbq_z_s8(place, is_there));
      place += channels;
    }
  }
  return largest;
}

// sum / count, rounded half away from zero. `reciprocal` is 2^31 / count,
// rounded down, which gives the quotient or one less.
static inline int32x4_t EcQuotientMve(int32x4_t sum, int32_t count,
                                      uint32_t reciprocal) {
  const uint32_t divisor = (uint32_t)count;
  const uint32x4_t dividend =
      vaddq_n_u32(vreinterpretq_u32_s32(vabsq_s32(sum)), divisor / 2);
  uint32x4_t quotient =
      vmulhq_u32(vshlq_n_u32(dividend, 1), vdupq_n_u32(reciprocal));
  const uint32x4_t rest = vsubq_u32(dividend, vmulq_n_u32(quotient, divisor));
  quotient = vaddq_m_n_u32(quotient, quotient, 1, vcmpcsq_n_u32(rest, divisor));
  const int32x4_t value = vreinterpretq_s32_u32(quotient);
  return vnegq_m_s32(value, value, vcmpltq_n_s32(sum, 0));
}

// Four channels of sums.
static inline int32x4_t EcWindowSumMve(const EcMveWindow* window,
                                       int32_t channels, int32_t channel,
                                       mve_pred16_t is_there) {
  int32x4_t sum = vdupq_n_s32(0);
  for (int32_t y = 0; y < window->height; ++y) {
    const int8_t* place = window->first + y * window->row + channel;
    for (int32_t x = 0; x < window->width; ++x) {
      sum = vaddq_s32(sum, vldrbq_z_s32(place, is_there));
      place += channels;
    }
  }
  return sum;
}

static inline void EcLargestPixelMve(const EcPoolLayer* layer,
                                     const EcMveWindow* window,
                                     int8_t* output) {
  const int8x16_t low = vdupq_n_s8((int8_t)layer->low);
  const int8x16_t high = vdupq_n_s8((int8_t)layer->high);
  for (int32_t channel = 0; channel < layer->channels; channel += 16) {
    const mve_pred16_t is_there = vctp8q((uint32_t)(layer->channels - channel));
    const int8x16_t value =
        EcLargestMve(window, layer->channels, channel, is_there);
    vstrbq_p_s8(output + channel, vmaxq_s8(vminq_s8(value, high), low),
                is_there);
  }
}

static inline void EcAveragePixelMve(const EcPoolLayer* layer,
                                     const EcMveWindow* window,
                                     int8_t* output) {
  const int32_t count = window->height * window->width;
  const uint32_t reciprocal = (1u << 31) / (uint32_t)count;
  const int32x4_t low = vdupq_n_s32(layer->low);
  const int32x4_t high = vdupq_n_s32(layer->high);
  for (int32_t channel = 0; channel < layer->channels; channel += 4) {
    const mve_pred16_t is_there =
        vctp32q((uint32_t)(layer->channels - channel));
    const int32x4_t sum =
        EcWindowSumMve(window, layer->channels, channel, is_there);
    const int32x4_t value = EcQuotientMve(sum, count, reciprocal);
    vstrbq_p_s32(output + channel, vmaxq_s32(vminq_s32(value, high), low),
                 is_there);
  }
}

// As EcPoolS8.
static inline void EcPoolMve(const EcPoolLayer* layer, const int8_t* input,
                             int8_t* output) {
  for (int32_t y = 0; y < layer->out_height; ++y) {
    const int32_t top = y * layer->stride_height - layer->pad_top;
    for (int32_t x = 0; x < layer->out_width; ++x) {
      const int32_t left = x * layer->stride_width - layer->pad_left;
      const EcMveWindow window = EcMveWindowAt(layer, input, top, left);
      if (layer->is_average != 0) {
        EcAveragePixelMve(layer, &window, output);
      } else {
        EcLargestPixelMve(layer, &window, output);
      }
      output += layer->channels;
    }
  }
}

#endif

#endif  // EDGECOMPRESS_KERNELS_POOL_MVE_H_
