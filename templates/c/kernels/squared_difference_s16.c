#include "add.h"
#include "common_scale.h"
#include "fixed_point.h"

static void Run(const EcAddLayer* layer, const int16_t* input1,
                const int16_t* input2, int16_t* output) {
  for (int32_t i = 0; i < layer->shape.run; ++i) {
    const int32_t difference =
        EcToCommonScale(*input1 + layer->offset1, layer->left_shift,
                        layer->multiplier1, layer->shift1) -
        EcToCommonScale(*input2 + layer->offset2, layer->left_shift,
                        layer->multiplier2, layer->shift2);
    const int32_t scaled =
        EcRequantize(difference * difference, layer->multiplier, layer->shift);
    output[i] =
        (int16_t)EcClamp(scaled + layer->zero_point, layer->low, layer->high);
    input1 += layer->shape.step1;
    input2 += layer->shape.step2;
  }
}

void EcSquaredDifferenceS16(const EcAddLayer* layer, const int16_t* input1,
                            const int16_t* input2, int16_t* output) {
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    Run(layer, input1 + place.place1, input2 + place.place2, output);
    output += layer->shape.run;
  } while (EcNextRun(&layer->shape, &place));
}
