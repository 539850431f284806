#include "fixed_point.h"
#include "softmax.h"

void EcSoftmaxS8S16(const EcSoftmaxLayer* layer, const int8_t* input,
                    int16_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    const EcSoftmaxRow common = EcSoftmaxRowOf(layer, input);
    for (int32_t i = 0; i < layer->depth; ++i) {
      const int32_t share = EcSoftmaxShare(layer, &common, *input++, 16);
      *output++ = (int16_t)EcClamp(share + INT16_MIN, INT16_MIN, INT16_MAX);
    }
  }
}
