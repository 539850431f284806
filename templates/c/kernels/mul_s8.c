#include "fixed_point.h"
#include "mul.h"
#include "mul_mve.h"

static void Run(const EcMulLayer* layer, const int8_t* input1,
                const int8_t* input2, int8_t* output) {
  int32_t i = 0;
#if defined(EC_HAS_MVE)
  if (layer->shape.step1 == 1 && layer->shape.step2 == 1) {
    i = EcMulFoursMve(layer, input1, input2, output);
    input1 += i;
    input2 += i;
  }
#endif
  for (; i < layer->shape.run; ++i) {
    const int32_t product =
        (*input1 + layer->offset1) * (*input2 + layer->offset2);
    const int32_t scaled =
        EcRequantize(product, layer->multiplier, layer->shift);
    output[i] =
        (int8_t)EcClamp(scaled + layer->zero_point, layer->low, layer->high);
    input1 += layer->shape.step1;
    input2 += layer->shape.step2;
  }
}

void EcMulS8(const EcMulLayer* layer, const int8_t* input1,
             const int8_t* input2, int8_t* output) {
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    Run(layer, input1 + place.place1, input2 + place.place2, output);
    output += layer->shape.run;
  } while (EcNextRun(&layer->shape, &place));
}
