#include "fixed_point.h"
#include "pool_s8.h"

static int32_t Largest(const EcPoolS8Layer* layer, const int8_t* input,
                       int32_t top, int32_t left) {
  const int32_t y1 = EcMin(top + layer->filter_height, layer->in_height);
  const int32_t x1 = EcMin(left + layer->filter_width, layer->in_width);
  int32_t largest = INT8_MIN;
  for (int32_t y = EcMax(top, 0); y < y1; ++y) {
    for (int32_t x = EcMax(left, 0); x < x1; ++x) {
      const int32_t place = (y * layer->in_width + x) * layer->channels;
      largest = EcMax(largest, input[place]);
    }
  }
  return largest;
}

void EcMaxPoolS8(const EcPoolS8Layer* layer, const int8_t* input,
                 int8_t* output) {
  for (int32_t y = 0; y < layer->out_height; ++y) {
    const int32_t top = y * layer->stride_height - layer->pad_top;
    for (int32_t x = 0; x < layer->out_width; ++x) {
      const int32_t left = x * layer->stride_width - layer->pad_left;
      for (int32_t channel = 0; channel < layer->channels; ++channel) {
        const int32_t largest = Largest(layer, input + channel, top, left);
        *output++ = (int8_t)EcClamp(largest, layer->low, layer->high);
      }
    }
  }
}
