#include "fixed_point.h"
#include "softmax.h"

void EcSoftmaxS8(const EcSoftmaxLayer* layer, const int8_t* input,
                 int8_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    const EcSoftmaxRow common = EcSoftmaxRowOf(layer, input);
    for (int32_t i = 0; i < layer->depth; ++i) {
      const int32_t share = EcSoftmaxShare(layer, &common, *input++, 8);
      *output++ = (int8_t)EcClamp(share + INT8_MIN, INT8_MIN, INT8_MAX);
    }
  }
}
