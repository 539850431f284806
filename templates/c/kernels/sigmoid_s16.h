// Sigmoid and tanh of int16 values, from a table of the sigmoid at i / 24 in
// Q0.16: between its values by straight lines, below zero by symmetry.

#ifndef EDGECOMPRESS_KERNELS_SIGMOID_S16_H_
#define EDGECOMPRESS_KERNELS_SIGMOID_S16_H_

#include <stdint.h>

enum { kEcSigmoidLast = 255 };

// The sigmoid at a place of the table with `bits` bits after the point.
static inline uint32_t EcSigmoidAt(const uint16_t* table, uint32_t place,
                                   int32_t bits) {
  const uint32_t index = place >> bits;
  if (index >= kEcSigmoidLast) {
    return 0;
  }
  const uint32_t fraction = place & ((1u << bits) - 1);
  const uint32_t step = (uint32_t)(table[index + 1] - table[index]);
  return ((uint32_t)table[index] << bits) + fraction * step;
}

// value * multiplier / 2^shift, rounded half up.
static inline int32_t EcScaledPlace(int16_t value, int32_t multiplier,
                                    int32_t shift) {
  const int32_t half = shift > 0 ? 1 << (shift - 1) : 0;
  return (value * multiplier + half) >> shift;
}

// Of a value in units of 1 / (24 * 512), in Q0.15.
static inline int16_t EcSigmoid16(const uint16_t* table, int32_t value) {
  const uint32_t magnitude = (uint32_t)(value < 0 ? -value : value);
  const uint32_t found = EcSigmoidAt(table, magnitude, 9);
  const uint32_t positive = found != 0 ? found : (uint32_t)INT16_MAX << 10;
  const uint32_t result =
      value >= 0 ? positive + (1u << 9) : (1u << 25) - positive + (1u << 9) - 1;
  return (int16_t)(result >> 10);
}

// Of a value in units of 1 / (48 * 256), in Q0.15.
static inline int16_t EcTanh16(const uint16_t* table, int32_t value) {
  const uint32_t magnitude = (uint32_t)(value < 0 ? -value : value);
  const uint32_t found = EcSigmoidAt(table, magnitude, 8);
  const int32_t positive = (int32_t)(found != 0 ? found : UINT16_MAX << 8);
  const int32_t above_half = positive - (1 << 23);
  const int32_t result =
      value >= 0 ? above_half + (1 << 7) : (1 << 7) - 1 - above_half;
  return (int16_t)(result >> 8);
}

#endif  // EDGECOMPRESS_KERNELS_SIGMOID_S16_H_
