#include "cumsum_s8.h"

#include "fixed_point.h"

static void Row(const EcCumsumS8Layer* layer, const int8_t* input,
                int8_t* output) {
  int32_t sum = layer->offset;
  int32_t place = layer->first;
  for (int32_t i = 0; i < layer->depth; ++i) {
    const int32_t next = sum + input[place] + layer->offset;
    const int32_t shifted =
        EcShiftLeft(layer->is_exclusive ? sum : next, layer->left_shift);
    const int32_t scaled =
        EcRequantize(shifted, layer->multiplier, layer->shift);
    output[place] =
        (int8_t)EcClamp(scaled + layer->zero_point, INT8_MIN, INT8_MAX);
    sum = next;
    place += layer->step;
  }
}

void EcCumsumS8(const EcCumsumS8Layer* layer, const int8_t* input,
                int8_t* output) {
  const int32_t size = layer->depth * layer->inner;
  for (int32_t outer = 0; outer < layer->outer; ++outer) {
    for (int32_t inner = 0; inner < layer->inner; ++inner) {
      Row(layer, input + outer * size + inner, output + outer * size + inner);
    }
  }
}
