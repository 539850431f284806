#include "l2_normalization_s8.h"

#include "fixed_point.h"
#include "reciprocal.h"
#include "saturating_shift.h"

enum { kOutputBits = 7 };

// One over the square root of a number in [1/4, 1], in Q3.28: five steps of
// Newton's, x := 3/2 x - number / 2 x^3, from 1.
static int32_t InverseRoot(int32_t number) {
  const int32_t kThreeHalves = 3 << 27;
  const int32_t half = EcRoundingShift(number, 1);
  int32_t x = 1 << 28;
  for (int32_t i = 0; i < 5; ++i) {
    const int32_t cube =
        EcSaturatingShiftLeft(EcHighMul(EcHighMul(x, x), x), 6);
    x = EcSaturatingShiftLeft(
        EcHighMul(kThreeHalves, x) - EcHighMul(half, cube), 3);
  }
  return x;
}

// Multiplier and shift of one over the square root of a sum of squares.
static int32_t Scale(int32_t sum, int32_t* shift) {
  const int32_t kRootOfHalf = 1518500250;  // in Q0.31
  if (sum <= 1) {
    *shift = 0;
    return INT32_MAX;
  }
  int32_t right = 11;
  while (sum >= 1 << 29) {
    sum /= 4;
    ++right;
  }
  const int32_t pairs = (EcLeadingZeros((uint32_t)sum) - 1) / 2 - 1;
  right -= pairs;
  const int32_t root = InverseRoot((sum << 2 * pairs) >> 1);
  const int32_t multiplier = EcHighMul(root, kRootOfHalf);
  *shift = right < 0 ? 0 : -right;
  return right < 0 ? EcShiftLeft(multiplier, -right) : multiplier;
}

static void Row(const EcL2NormalizationS8Layer* layer, const int8_t* input,
                int8_t* output) {
  int32_t sum = 0;
  for (int32_t i = 0; i < layer->depth; ++i) {
    const int32_t value = input[i] + layer->offset;
    sum += value * value;
  }
  int32_t shift;
  const int32_t multiplier = Scale(sum, &shift);
  for (int32_t i = 0; i < layer->depth; ++i) {
    const int32_t scaled =
        EcRequantize(input[i] + layer->offset, multiplier, shift + kOutputBits);
    output[i] = (int8_t)EcClamp(scaled, INT8_MIN, INT8_MAX);
  }
}

void EcL2NormalizationS8(const EcL2NormalizationS8Layer* layer,
                         const int8_t* input, int8_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    Row(layer, input, output);
    input += layer->depth;
    output += layer->depth;
  }
}
