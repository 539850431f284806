#include "svdf_s8.h"

#include "dot.h"
#include "fixed_point.h"
#include "svdf_mve.h"

static int16_t Feature(const EcSvdfS8Layer* layer, const int8_t* input,
                       int32_t filter) {
  const int8_t* weights = layer->feature_weights + filter * layer->features;
  const int32_t sum =
      EcDot(input, weights, layer->features, layer->feature_bias[filter]);
  const int32_t scaled =
      EcRequantize(sum, layer->state_multiplier, layer->state_shift);
  const int32_t value = EcClamp(scaled, layer->state_low, layer->state_high);
  if (layer->state_is_narrow == 0) {
    return (int16_t)value;
  }
  const int8_t stored = (int8_t)(value + layer->state_zero_point);
  return (int16_t)(stored - layer->state_zero_point);
}

// Moves the state on by a value and returns its sum over time, modulo 2^32.
static uint32_t SumOverTime(const EcSvdfS8Layer* layer, int32_t filter,
                            int16_t newest, int16_t* state) {
  const int16_t* weights = layer->time_weights + filter * layer->memory;
  const int32_t last = layer->memory - 1;
  uint32_t sum = (uint32_t)(weights[last] * newest);
#if defined(EC_HAS_MVE)
  sum += EcMoveOnMve(weights, state, last);
#else
  for (int32_t i = 0; i < last; ++i) {
    state[i] = state[i + 1];
    sum += (uint32_t)(weights[i] * state[i]);
  }
#endif
  state[last] = newest;
  return sum;
}

void EcSvdfS8(const EcSvdfS8Layer* layer, const int8_t* input, int16_t* state,
              int8_t* output) {
  for (int32_t batch = 0; batch < layer->batches; ++batch) {
    int32_t filter = 0;
    for (int32_t unit = 0; unit < layer->units; ++unit) {
      uint32_t sum = (uint32_t)layer->bias[unit];
      for (int32_t i = 0; i < layer->rank; ++i) {
        const int16_t newest = Feature(layer, input, filter);
        sum += SumOverTime(layer, filter, newest, state);
        state += layer->memory;
        ++filter;
      }
      const int32_t scaled =
          EcRequantize((int32_t)sum, layer->multiplier, layer->shift);
      *output++ =
          (int8_t)EcClamp(scaled + layer->zero_point, INT8_MIN, INT8_MAX);
    }
    input += layer->features;
  }
}
