#include "log_softmax_s8.h"

#include "fixed_point.h"
#include "reciprocal.h"
#include "saturating_shift.h"

enum {
  kSumIntegerBits = 12,
  kPowerFraction = 25,  // fractional bits of powers of two: Q6.25
};

// The logarithm of a number r times 2^-1/4, r around 1 in Q0.31, by a quotient
// of polynomials in 2 (r - 2^-1/4); the result in Q0.31.
static void Quotient(int32_t r, int32_t* numerator, int32_t* inverse) {
  const int32_t kFourthRootOfHalf = 1805811301;
  const int32_t kNumerator3 = 117049297;     // 11/240 2^1/4
  const int32_t kDenominator2 = 127690142;   // 1/20 2^1/4
  const int32_t kDenominator0 = 1057819769;  // 2 * 2^-1/4 - 2^1/4
  const int32_t kDenominator1 = 638450708;   // 1/4 2^1/4
  const int32_t p = (int32_t)(((int64_t)r + kFourthRootOfHalf + 1) / 2);
  const int32_t q = (r - kFourthRootOfHalf) * 2;
  const int32_t square = EcHighMul(q, q);
  *numerator = EcHighMul(q, r) + EcHighMul(EcHighMul(q, square), kNumerator3);
  const int32_t inner = kDenominator0 + q + EcHighMul(kDenominator2, square);
  *inverse =
      EcOneOverOnePlus(EcHighMul(p, inner) + EcHighMul(kDenominator1, q));
}

// The natural logarithm, in Q5.26, of a number of at least 1 in Q12.19: that of
// the power of two below it, and of what is left by `Quotient`. Two powers are
// tried, half a bit apart; the one that leaves less is taken.
static int32_t Logarithm(int32_t number) {
  const int32_t kLog2 = 1488522236;
  const int32_t kRootOfHalf = 1518500250;
  const int32_t kQuarter = 1 << (kPowerFraction - 2);
  const int32_t zeros1 = EcLeadingZeros((uint32_t)number);
  const int32_t rest1 = EcSaturatingShiftLeft(
      EcHighMul(EcShiftLeft(number, zeros1 - 1), kRootOfHalf), 1);
  const int32_t power1 =
      (kSumIntegerBits - zeros1) * (1 << kPowerFraction) + kQuarter;
  const int32_t zeros2 =
      EcLeadingZeros((uint32_t)EcHighMul(number, kRootOfHalf)) - 1;
  const int32_t rest2 = EcSaturatingShiftLeft(number, zeros2);
  const int32_t power2 =
      (kSumIntegerBits - zeros2) * (1 << kPowerFraction) - kQuarter;
  int32_t numerator;
  int32_t inverse;
  Quotient(EcMin(rest1, rest2), &numerator, &inverse);
  const int32_t sum = EcHighMul(EcMax(power1, power2), kLog2) +
                      EcHighMul(EcRoundingShift(numerator, 6), inverse);
  return EcSaturatingShiftLeft(sum, 1);
}

static void Row(const EcLogSoftmaxS8Layer* layer, const int8_t* input,
                int8_t* output) {
  int32_t largest = INT8_MIN;
  for (int32_t i = 0; i < layer->depth; ++i) {
    largest = EcMax(largest, input[i]);
  }
  int32_t sum = 0;
  for (int32_t i = 0; i < layer->depth; ++i) {
    const int32_t below = largest - input[i];
    sum += below < layer->exponential_count ? layer->exponentials[below] : 0;
  }
  const int32_t log = Logarithm(sum);
  // INT32_MIN + log: a logarithm just below zero wraps, as TFLM's does.
  const int32_t lowest = (int32_t)((uint32_t)log + (1u << 31));
  const int32_t least =
      EcRequantize(lowest, layer->reverse_multiplier, layer->reverse_shift);
  for (int32_t i = 0; i < layer->depth; ++i) {
    const int32_t below = largest - input[i];
    output[i] = INT8_MIN;
    if (below < layer->exponential_count && -below > least) {
      const int32_t value =
          EcRoundingShift(layer->differences[below] - log, 22) + INT8_MAX;
      output[i] = (int8_t)EcClamp(value, INT8_MIN, INT8_MAX);
    }
  }
}

void EcLogSoftmaxS8(const EcLogSoftmaxS8Layer* layer, const int8_t* input,
                    int8_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    Row(layer, input, output);
    input += layer->depth;
    output += layer->depth;
  }
}
