#include "compare_s8.h"

#include "common_scale.h"

static uint8_t At(const EcCompareS8Layer* layer, int32_t value1,
                  int32_t value2) {
  const int32_t a = EcToCommonScale(value1 + layer->offset1, layer->left_shift,
                                    layer->multiplier1, layer->shift1);
  const int32_t b = EcToCommonScale(value2 + layer->offset2, layer->left_shift,
                                    layer->multiplier2, layer->shift2);
  const int holds = layer->is_equality ? a == b : a > b;
  return (uint8_t)(holds != layer->is_negated);
}

void EcCompareS8(const EcCompareS8Layer* layer, const int8_t* input1,
                 const int8_t* input2, uint8_t* output) {
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    const int8_t* a = input1 + place.place1;
    const int8_t* b = input2 + place.place2;
    for (int32_t i = 0; i < layer->shape.run; ++i) {
      *output++ = At(layer, *a, *b);
      a += layer->shape.step1;
      b += layer->shape.step2;
    }
  } while (EcNextRun(&layer->shape, &place));
}
