#include "fixed_point.h"
#include "mul.h"
#include "reciprocal.h"

static int8_t At(const EcMulLayer* layer, int32_t dividend, int32_t divisor) {
  if (divisor == 0) {
    return (int8_t)(dividend < 0 ? layer->low : layer->high);
  }
  if (divisor < 0) {
    dividend = -dividend;
    divisor = -divisor;
  }
  int32_t bits_over_unit;
  const int32_t inverse = EcReciprocal(divisor, 31, &bits_over_unit);
  // The dividend as far left as its sign allows, so that no digits are lost.
  const int32_t magnitude = dividend < 0 ? ~dividend : dividend;
  const int32_t headroom = EcLeadingZeros((uint32_t)magnitude) - 1;
  const int32_t quotient = EcHighMul(EcShiftLeft(dividend, headroom), inverse);
  const int32_t shift = layer->shift - bits_over_unit - headroom;
  const int32_t scaled =
      EcRequantize(quotient, layer->multiplier, EcMax(shift, -31));
  return (int8_t)EcClamp(scaled + layer->zero_point, layer->low, layer->high);
}

void EcDivS8(const EcMulLayer* layer, const int8_t* input1,
             const int8_t* input2, int8_t* output) {
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    const int8_t* a = input1 + place.place1;
    const int8_t* b = input2 + place.place2;
    for (int32_t i = 0; i < layer->shape.run; ++i) {
      *output++ = At(layer, *a + layer->offset1, *b + layer->offset2);
      a += layer->shape.step1;
      b += layer->shape.step2;
    }
  } while (EcNextRun(&layer->shape, &place));
}
