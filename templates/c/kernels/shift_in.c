#include "shift_in.h"

#include <string.h>

void EcShiftIn(const EcShiftInLayer* layer, const int8_t* input,
               int8_t* window) {
  for (int32_t i = 0; i < layer->kept; ++i) {
    window[i] = window[i + layer->slot];
  }
  memcpy(window + layer->kept, input, (size_t)layer->slot);
}
