#include "select.h"

#include <string.h>

void EcSelect(const EcSelectLayer* layer, const uint8_t* condition,
              const uint8_t* values, uint8_t* output) {
  const int32_t bytes = layer->bytes;
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    const uint8_t* holds = condition + place.place1;
    const uint8_t* value = values + place.place2 * bytes;
    for (int32_t i = 0; i < layer->shape.run; ++i) {
      if (*holds) {
        memcpy(output, value, (size_t)bytes);
      }
      holds += layer->shape.step1;
      value += layer->shape.step2 * bytes;
      output += bytes;
    }
  } while (EcNextRun(&layer->shape, &place));
}
