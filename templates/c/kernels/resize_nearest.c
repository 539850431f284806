#include "resize_nearest.h"

#include <string.h>

void EcResizeNearest(const EcResizeNearestLayer* layer, const uint8_t* input,
                     uint8_t* output) {
  const int32_t bytes = layer->bytes;
  for (int32_t batch = 0; batch < layer->batches; ++batch) {
    for (int32_t y = 0; y < layer->out_height; ++y) {
      const uint8_t* row = input + layer->rows[y] * layer->in_width * bytes;
      for (int32_t x = 0; x < layer->out_width; ++x) {
        memcpy(output, row + layer->columns[x] * bytes, (size_t)bytes);
        output += bytes;
      }
    }
    input += layer->in_height * layer->in_width * bytes;
  }
}
