#include "curve_s16.h"
#include "sigmoid_s16.h"

void EcLogisticS16(const EcCurveS16Layer* layer, const int16_t* input,
                   int16_t* output) {
  for (int32_t i = 0; i < layer->count; ++i) {
    const int32_t place =
        EcScaledPlace(input[i], layer->multiplier, layer->shift);
    output[i] = EcSigmoid16(layer->sigmoid, place);
  }
}
