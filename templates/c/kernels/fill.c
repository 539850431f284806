#include "fill.h"

#include <string.h>

void EcFill(const EcFillLayer* layer, void* output) {
  if (layer->is_wide == 0) {
    memset((int8_t*)output + layer->first, layer->value, (size_t)layer->count);
    return;
  }
  int16_t* values = (int16_t*)output + layer->first;
  for (int32_t i = 0; i < layer->count; ++i) {
    values[i] = layer->value;
  }
}
