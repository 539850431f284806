#include "add_n_s8.h"

#include "fixed_point.h"

void EcAddNS8(const EcAddNS8Layer* layer, const int8_t* input1,
              const int8_t* input2, const int8_t* input3, const int8_t* input4,
              int8_t* output) {
  for (int32_t i = 0; i < layer->count; ++i) {
    int32_t sum = input1[i] + input2[i] + layer->offset;
    sum += layer->inputs > 2 ? input3[i] : 0;
    sum += layer->inputs > 3 ? input4[i] : 0;
    const int32_t scaled = EcRequantize(EcShiftLeft(sum, layer->left_shift),
                                        layer->multiplier, layer->shift);
    output[i] = (int8_t)EcClamp(scaled + layer->zero_point, INT8_MIN, INT8_MAX);
  }
}
