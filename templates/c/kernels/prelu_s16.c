#include "fixed_point.h"
#include "prelu.h"

static int16_t At(const EcPreluLayer* layer, int32_t value, int32_t alpha) {
  const int32_t scaled =
      value >= 0 ? EcRequantize(value, layer->multiplier, layer->shift)
                 : EcRequantize(value * alpha, layer->alpha_multiplier,
                                layer->alpha_shift);
  return (int16_t)EcClamp(scaled + layer->zero_point, INT16_MIN, INT16_MAX);
}

void EcPreluS16(const EcPreluLayer* layer, const int16_t* input,
                const int8_t* alpha, int16_t* output) {
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    const int16_t* a = input + place.place1;
    const int8_t* b = alpha + place.place2;
    for (int32_t i = 0; i < layer->shape.run; ++i) {
      *output++ = At(layer, *a + layer->offset, *b + layer->alpha_offset);
      a += layer->shape.step1;
      b += layer->shape.step2;
    }
  } while (EcNextRun(&layer->shape, &place));
}
