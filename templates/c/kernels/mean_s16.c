#include "fixed_point.h"
#include "mean.h"

static int32_t Sum(const EcReduce* axes, const int16_t* input) {
  EcReducePlace at = {{0}, 0};
  int32_t sum = 0;
  do {
    sum += input[at.place];
  } while (EcNextPlace(axes->reduced, axes->reduced_strides, &at));
  return sum;
}

void EcMeanS16(const EcMeanLayer* layer, const int16_t* input,
               int16_t* output) {
  const EcReduce* axes = &layer->axes;
  EcReducePlace at = {{0}, 0};
  do {
    const int32_t sum = Sum(axes, input + at.place) + layer->offset;
    const int32_t scaled = EcRequantize(sum, layer->multiplier, layer->shift);
    *output++ =
        (int16_t)EcClamp(scaled + layer->zero_point, INT16_MIN, INT16_MAX);
  } while (EcNextPlace(axes->kept, axes->kept_strides, &at));
}
