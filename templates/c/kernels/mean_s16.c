#include "mean_s16.h"

#include "fixed_point.h"

static int32_t PlaceOf(const EcMeanAxes* axes, int32_t index) {
  int32_t place = 0;
  for (int32_t axis = 0; index != 0 && axis < kEcMeanAxes; ++axis) {
    place += index % axes->extents[axis] * axes->strides[axis];
    index /= axes->extents[axis];
  }
  return place;
}

void EcMeanS16(const EcMeanS16Layer* layer, const int16_t* input,
               int16_t* output) {
  for (int32_t i = 0; i < layer->kept.count; ++i) {
    const int16_t* first = input + PlaceOf(&layer->kept, i);
    int32_t sum = layer->offset;
    for (int32_t j = 0; j < layer->summed.count; ++j) {
      sum += first[PlaceOf(&layer->summed, j)];
    }
    const int32_t scaled = EcRequantize(sum, layer->multiplier, layer->shift);
    output[i] =
        (int16_t)EcClamp(scaled + layer->zero_point, INT16_MIN, INT16_MAX);
  }
}
