#include "softmax_s8_s16.h"

#include "fixed_point.h"
#include "reciprocal.h"

// Sums have twelve bits before the point.
enum { kSumIntegerBits = 12 };

static int32_t ExponentialAt(const EcSoftmaxS8S16Layer* layer, int32_t below) {
  return below < layer->exponential_count ? layer->exponentials[below] : 0;
}

static void Row(const EcSoftmaxS8S16Layer* layer, const int8_t* input,
                int16_t* output) {
  int32_t largest = INT8_MIN;
  for (int32_t i = 0; i < layer->depth; ++i) {
    largest = EcMax(largest, input[i]);
  }
  int32_t sum = 0;
  for (int32_t i = 0; i < layer->depth; ++i) {
    sum += EcRoundingShift(ExponentialAt(layer, largest - input[i]),
                           kSumIntegerBits);
  }
  int32_t bits_over_unit;
  const int32_t scale = EcReciprocal(sum, kSumIntegerBits, &bits_over_unit);
  const int32_t exponent = bits_over_unit + 31 - 16;
  for (int32_t i = 0; i < layer->depth; ++i) {
    const int32_t exponential = ExponentialAt(layer, largest - input[i]);
    const int32_t share =
        EcRoundingShift(EcHighMul(scale, exponential), exponent);
    output[i] = (int16_t)EcClamp(share + INT16_MIN, INT16_MIN, INT16_MAX);
  }
}

void EcSoftmaxS8S16(const EcSoftmaxS8S16Layer* layer, const int8_t* input,
                    int16_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    Row(layer, input, output);
    input += layer->depth;
    output += layer->depth;
  }
}
