#include "reduce_max_s8.h"

#include "fixed_point.h"

void EcReduceMaxS8(const EcReduceMaxS8Layer* layer, const int8_t* input,
                   int8_t* output) {
  const EcReduce* axes = &layer->axes;
  EcReducePlace at = {{0}, 0};
  do {
    EcReducePlace inner = {{0}, 0};
    int32_t largest = INT8_MIN;
    do {
      const int32_t value = input[at.place + inner.place];
      largest = EcMax(largest, value ^ layer->flip);
    } while (EcNextPlace(axes->reduced, axes->reduced_strides, &inner));
    *output++ = (int8_t)(largest ^ layer->flip);
  } while (EcNextPlace(axes->kept, axes->kept_strides, &at));
}
