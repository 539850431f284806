#include "gather.h"

#include <string.h>

#include "fixed_point.h"

void EcGather(const EcGatherLayer* layer, const uint8_t* input,
              const int32_t* indices, uint8_t* output) {
  for (int32_t batch = 0; batch < layer->batches; ++batch) {
    for (int32_t outer = 0; outer < layer->outer; ++outer) {
      for (int32_t i = 0; i < layer->count; ++i) {
        const int32_t index = EcClamp(indices[i], 0, layer->slices - 1);
        memcpy(output, input + index * layer->bytes, (size_t)layer->bytes);
        output += layer->bytes;
      }
      input += layer->slices * layer->bytes;
    }
    indices += layer->count;
  }
}
