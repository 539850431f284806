#include "fixed_point.h"
#include "pool.h"

static int32_t Pooled(const EcPoolLayer* layer, const int16_t* input,
                      int32_t top, int32_t left) {
  const int32_t y0 = EcMax(top, 0);
  const int32_t y1 = EcMin(top + layer->filter_height, layer->in_height);
  const int32_t x0 = EcMax(left, 0);
  const int32_t x1 = EcMin(left + layer->filter_width, layer->in_width);
  const int32_t count = (y1 - y0) * (x1 - x0);
  int32_t largest = INT16_MIN;
  int32_t sum = 0;
  for (int32_t y = y0; y < y1; ++y) {
    for (int32_t x = x0; x < x1; ++x) {
      const int32_t value = input[(y * layer->in_width + x) * layer->channels];
      largest = EcMax(largest, value);
      sum += value;
    }
  }
  if (layer->is_average == 0) {
    return largest;
  }
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

void EcPoolS16(const EcPoolLayer* layer, const int16_t* input,
               int16_t* output) {
  for (int32_t y = 0; y < layer->out_height; ++y) {
    const int32_t top = y * layer->stride_height - layer->pad_top;
    for (int32_t x = 0; x < layer->out_width; ++x) {
      const int32_t left = x * layer->stride_width - layer->pad_left;
      for (int32_t channel = 0; channel < layer->channels; ++channel) {
        const int32_t pooled = Pooled(layer, input + channel, top, left);
        *output++ = (int16_t)EcClamp(pooled, layer->low, layer->high);
      }
    }
  }
}
