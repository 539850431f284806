#include "fixed_point.h"
#include "pool.h"
#include "pool_mve.h"

#if defined(EC_HAS_MVE)
void EcPoolS8(const EcPoolLayer* layer, const int8_t* input, int8_t* output) {
  EcPoolMve(layer, input, output);
}
#else
// The places of a window that are on the input, of one channel.
typedef struct {
  const int8_t* first;
  int32_t height;
  int32_t width;
  int32_t step;  // to the next place
  int32_t skip;  // from the end of a row to the next one
} Window;

static Window WindowAt(const EcPoolLayer* layer, const int8_t* input,
                       int32_t top, int32_t left) {
  const int32_t y0 = EcMax(top, 0);
  const int32_t y1 = EcMin(top + layer->filter_height, layer->in_height);
  const int32_t x0 = EcMax(left, 0);
  const int32_t x1 = EcMin(left + layer->filter_width, layer->in_width);
  const int32_t step = layer->channels;
  const Window window = {input + (y0 * layer->in_width + x0) * step, y1 - y0,
                         x1 - x0, step, (layer->in_width - x1 + x0) * step};
  return window;
}

static int32_t Largest(const Window* window) {
  const int8_t* place = window->first;
  int32_t largest = INT8_MIN;
  for (int32_t y = 0; y < window->height; ++y) {
    for (int32_t x = 0; x < window->width; ++x) {
      largest = EcMax(largest, *place);
      place += window->step;
    }
    place += window->skip;
  }
  return largest;
}

// Rounded half away from zero.
static int32_t Average(const Window* window) {
  const int8_t* place = window->first;
  int32_t sum = 0;
  for (int32_t y = 0; y < window->height; ++y) {
    for (int32_t x = 0; x < window->width; ++x) {
      sum += *place;
      place += window->step;
    }
    place += window->skip;
  }
  const int32_t count = window->height * window->width;
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

void EcPoolS8(const EcPoolLayer* layer, const int8_t* input, int8_t* output) {
  for (int32_t y = 0; y < layer->out_height; ++y) {
    const int32_t top = y * layer->stride_height - layer->pad_top;
    for (int32_t x = 0; x < layer->out_width; ++x) {
      const int32_t left = x * layer->stride_width - layer->pad_left;
      for (int32_t channel = 0; channel < layer->channels; ++channel) {
        const Window window = WindowAt(layer, input + channel, top, left);
        const int32_t pooled =
            layer->is_average != 0 ? Average(&window) : Largest(&window);
        *output++ = (int8_t)EcClamp(pooled, layer->low, layer->high);
      }
    }
  }
}
#endif
