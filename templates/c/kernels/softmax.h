// SOFTMAX of int8 values over their last axis.

#ifndef EDGECOMPRESS_KERNELS_SOFTMAX_H_
#define EDGECOMPRESS_KERNELS_SOFTMAX_H_

#include <stdint.h>

#include "fixed_point.h"
#include "reciprocal.h"

typedef struct {
  const int32_t* exponentials;  // of i steps below the largest input, Q0.31
  int32_t exponential_count;    // further below, the output is zero
  int32_t rows;
  int32_t depth;
} EcSoftmaxLayer;

void EcSoftmaxS8(const EcSoftmaxLayer* layer, const int8_t* input,
                 int8_t* output);

void EcSoftmaxS8S16(const EcSoftmaxLayer* layer, const int8_t* input,
                    int16_t* output);

// What all outputs of a row have in common.
typedef struct {
  int32_t largest;         // input
  int32_t scale;           // one over the sum of exponentials, Q0.31
  int32_t bits_over_unit;  // that the scale is to be divided by
} EcSoftmaxRow;

static inline int32_t EcExponential(const EcSoftmaxLayer* layer,
                                    int32_t below) {
  return below < layer->exponential_count ? layer->exponentials[below] : 0;
}

static inline EcSoftmaxRow EcSoftmaxRowOf(const EcSoftmaxLayer* layer,
                                          const int8_t* input) {
  enum { kSumIntegerBits = 12 };
  EcSoftmaxRow row = {INT8_MIN, 0, 0};
  for (int32_t i = 0; i < layer->depth; ++i) {
    row.largest = EcMax(row.largest, input[i]);
  }
  int32_t sum = 0;
  for (int32_t i = 0; i < layer->depth; ++i) {
    sum += EcRoundingShift(EcExponential(layer, row.largest - input[i]),
                           kSumIntegerBits);
  }
  row.scale = EcReciprocal(sum, kSumIntegerBits, &row.bits_over_unit);
  return row;
}

// An input's share of one, in 2^-bits.
static inline int32_t EcSoftmaxShare(const EcSoftmaxLayer* layer,
                                     const EcSoftmaxRow* row, int8_t input,
                                     int32_t bits) {
  const int32_t exponential = EcExponential(layer, row->largest - input);
  return EcRoundingShift(EcHighMul(row->scale, exponential),
                         row->bits_over_unit + 31 - bits);
}

#endif  // EDGECOMPRESS_KERNELS_SOFTMAX_H_
