#include "lookup_s8.h"

#include "lookup_mve.h"

void EcLookupS8(const EcLookupS8Layer* layer, const int8_t* input,
                int8_t* output) {
#if defined(EC_HAS_MVE)
  EcLookupMve(layer->table, input, output, layer->count);
#else
  for (int32_t i = 0; i < layer->count; ++i) {
    output[i] = layer->table[input[i] + 128];
  }
#endif
}
