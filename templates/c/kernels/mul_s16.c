#include "fixed_point.h"
#include "mul.h"

void EcMulS16(const EcMulLayer* layer, const int16_t* input1,
              const int16_t* input2, int16_t* output) {
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    const int16_t* value1 = input1 + place.place1;
    const int16_t* value2 = input2 + place.place2;
    for (int32_t i = 0; i < layer->shape.run; ++i) {
      const int32_t scaled =
          EcRequantize(*value1 * *value2, layer->multiplier, layer->shift);
      *output++ =
          (int16_t)EcClamp(scaled + layer->zero_point, layer->low, layer->high);
      value1 += layer->shape.step1;
      value2 += layer->shape.step2;
    }
  } while (EcNextRun(&layer->shape, &place));
}
