#include "relu_s16.h"

#include "fixed_point.h"

void EcReluS16(const EcReluS16Layer* layer, const int16_t* input,
               int16_t* output) {
  for (int32_t i = 0; i < layer->count; ++i) {
    const int32_t value = input[i] + layer->offset;
    const int32_t scaled =
        value >= 0 ? EcRequantize(value, layer->multiplier, layer->shift)
                   : layer->negative_sign *
                         EcRequantize(value, layer->negative_multiplier,
                                      layer->negative_shift);
    output[i] =
        (int16_t)EcClamp(scaled + layer->zero_point, layer->low, layer->high);
  }
}
