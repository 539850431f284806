#include "rescale.h"

#include "fixed_point.h"

static int32_t Get(const void* values, int32_t bytes, int32_t i) {
  if (bytes == 1) {
    return ((const int8_t*)values)[i];
  }
  return bytes == 2 ? ((const int16_t*)values)[i] : ((const int32_t*)values)[i];
}

static void Set(void* values, int32_t bytes, int32_t i, int32_t value) {
  if (bytes == 1) {
    ((int8_t*)values)[i] = (int8_t)value;
  } else if (bytes == 2) {
    ((int16_t*)values)[i] = (int16_t)value;
  } else {
    ((int32_t*)values)[i] = value;
  }
}

void EcRescale(const EcRescaleLayer* layer, const void* input, void* output) {
  for (int32_t i = 0; i < layer->count; ++i) {
    const uint32_t value = (uint32_t)Get(input, layer->input_bytes, i);
    const int32_t moved = (int32_t)(value + (uint32_t)layer->offset);
    const int32_t scaled =
        moved >= 0 ? EcRequantize(moved, layer->multiplier, layer->shift)
                   : layer->negative_sign *
                         EcRequantize(moved, layer->negative_multiplier,
                                      layer->negative_shift);
    const int32_t result =
        EcClamp(scaled + layer->zero_point, layer->low, layer->high);
    Set(output, layer->output_bytes, i, result);
  }
}
