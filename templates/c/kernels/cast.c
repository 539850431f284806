#include "cast.h"

#include "integers.h"

void EcCast(const EcCastLayer* layer, const void* input, void* output) {
  for (int32_t i = 0; i < layer->count; ++i) {
    EcStore(output, layer->to_type, i, EcLoad(input, layer->from_type, i));
  }
}
