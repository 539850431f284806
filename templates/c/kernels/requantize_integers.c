#include "requantize_integers.h"

#include "fixed_point.h"
#include "integers.h"

// a + b modulo 2^32: inputs of 32 bits may be anything.
static int32_t Sum(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}

void EcRequantizeIntegers(const EcRequantizeIntegersLayer* layer,
                          const void* input, void* output) {
  for (int32_t i = 0; i < layer->count; ++i) {
    const int32_t value =
        Sum(EcLoad(input, layer->from_type, i), layer->offset);
    const int32_t scaled = EcRequantize(value, layer->multiplier, layer->shift);
    EcStore(output, layer->to_type, i,
            EcClamp(Sum(scaled, layer->zero_point), layer->low, layer->high));
  }
}
