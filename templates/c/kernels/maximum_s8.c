#include "fixed_point.h"
#include "maximum.h"

void EcMaximumS8(const EcMaximumLayer* layer, const int8_t* input1,
                 const int8_t* input2, int8_t* output) {
  const int32_t flip = layer->flip;
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    const int8_t* a = input1 + place.place1;
    const int8_t* b = input2 + place.place2;
    for (int32_t i = 0; i < layer->shape.run; ++i) {
      *output++ = (int8_t)(EcMax(*a ^ flip, *b ^ flip) ^ flip);
      a += layer->shape.step1;
      b += layer->shape.step2;
    }
  } while (EcNextRun(&layer->shape, &place));
}
