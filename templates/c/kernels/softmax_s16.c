#include "softmax_s16.h"

#include "fixed_point.h"
#include "reciprocal.h"

// A table's value at a place, by a straight line between its steps of 2^7.
static int32_t Lookup(const int16_t* table, int32_t place) {
  const int32_t index = 256 + (place >> 7);
  const int32_t slope = (int16_t)(table[index + 1] - table[index]);
  return (int16_t)(table[index] + ((slope * (place & 127) + 64) >> 7));
}

// 1 / sum of a sum in Q16.15, as Q0.15 of the sum moved to [1, 2).
static int32_t Reciprocal(const EcSoftmaxS16Layer* layer, int32_t sum,
                          int32_t zeros) {
  const int64_t moved = (int64_t)sum << (zeros - 1);
  const int32_t rounded = (int32_t)((moved + (1 << 13)) >> 14);
  const int32_t place = rounded - ((1 << 15) + (1 << 16));
  return Lookup(layer->reciprocals, EcClamp(place, INT16_MIN, INT16_MAX));
}

static void Row(const EcSoftmaxS16Layer* layer, const int16_t* input,
                int16_t* output) {
  int32_t largest = INT16_MIN;
  for (int32_t i = 0; i < layer->depth; ++i) {
    largest = EcMax(largest, input[i]);
  }
  int32_t sum = 0;
  for (int32_t i = 0; i < layer->depth; ++i) {
    const int32_t scaled =
        EcRequantize(input[i] - largest, layer->multiplier, layer->shift);
    const int32_t place = EcClamp(scaled + INT16_MAX, INT16_MIN, INT16_MAX);
    output[i] = (int16_t)Lookup(layer->exponentials, place);
    sum += output[i];
  }
  const int32_t zeros = EcLeadingZeros((uint32_t)sum);
  const int32_t reciprocal = Reciprocal(layer, sum, zeros);
  const int32_t shift = 31 - zeros;
  for (int32_t i = 0; i < layer->depth; ++i) {
    const int64_t product = (int64_t)output[i] * reciprocal;
    // The sum has the largest input's share, which is one: shift is 15 or more.
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
    const int64_t rounded = product + ((int64_t)1 << (shift - 1));
    const int32_t share = (int32_t)(rounded >> shift);
    output[i] = (int16_t)EcClamp(share, 0, INT16_MAX);
  }
}

void EcSoftmaxS16(const EcSoftmaxS16Layer* layer, const int16_t* input,
                  int16_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    Row(layer, input, output);
    input += layer->depth;
    output += layer->depth;
  }
}
