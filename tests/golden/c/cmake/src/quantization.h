// Affine quantization as TFLite defines it: real = scale * (q - zero_point).
// See https://ai.google.dev/edge/litert/models/quantization_spec

#ifndef EDGECOMPRESS_QUANTIZATION_H_
#define EDGECOMPRESS_QUANTIZATION_H_

#include <stdint.h>

// Rounds half away from zero and saturates to [low, high]; NaN gives low.
static inline int32_t QuantizeValue(float real, float scale, int32_t zero_point,
                                    int32_t low, int32_t high) {
  const float steps = real / scale;
  if (!(steps > (float)(low - zero_point))) {
    return low;
  }
  if (!(steps < (float)(high - zero_point))) {
    return high;
  }
  const int32_t whole = (int32_t)steps;
  const float fraction = steps - (float)whole;
  int32_t rounded = whole;
  if (fraction >= 0.5f) {
    rounded = whole + 1;
  } else if (fraction <= -0.5f) {
    rounded = whole - 1;
  }
  return rounded + zero_point;
}

static inline float DequantizeValue(int32_t quantized, float scale,
                                    int32_t zero_point) {
  return scale * (float)(quantized - zero_point);
}

#endif  // EDGECOMPRESS_QUANTIZATION_H_
