#include "arg_max_s8.h"

static int32_t Place(const EcArgMaxS8Layer* layer, const int8_t* input) {
  int32_t largest = *input ^ layer->flip;
  int32_t place = 0;
  for (int32_t i = 1; i < layer->depth; ++i) {
    const int32_t value = input[i * layer->inner] ^ layer->flip;
    if (value > largest) {
      largest = value;
      place = i;
    }
  }
  return place;
}

void EcArgMaxS8(const EcArgMaxS8Layer* layer, const int8_t* input,
                int32_t* output) {
  for (int32_t outer = 0; outer < layer->outer; ++outer) {
    for (int32_t inner = 0; inner < layer->inner; ++inner) {
      *output++ = Place(layer, input + inner);
    }
    input += layer->depth * layer->inner;
  }
}
