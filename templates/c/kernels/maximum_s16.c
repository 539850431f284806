#include "fixed_point.h"
#include "maximum.h"

void EcMaximumS16(const EcMaximumLayer* layer, const int16_t* input1,
                  const int16_t* input2, int16_t* output) {
  const int32_t flip = layer->flip;
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    const int16_t* a = input1 + place.place1;
    const int16_t* b = input2 + place.place2;
    for (int32_t i = 0; i < layer->shape.run; ++i) {
      *output++ = (int16_t)(EcMax(*a ^ flip, *b ^ flip) ^ flip);
      a += layer->shape.step1;
      b += layer->shape.step2;
    }
  } while (EcNextRun(&layer->shape, &place));
}
