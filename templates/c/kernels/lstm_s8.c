#include "lstm_s8.h"

#include <string.h>

#include "fixed_point.h"
#include "lstm_mve.h"

#if !defined(EC_HAS_MVE)
static int32_t Sum(const int8_t* weights, const int8_t* input, int32_t count,
                   int32_t bias) {
  int32_t sum = bias;
  for (int32_t i = 0; i < count; ++i) {
    sum += weights[i] * input[i];
  }
  return sum;
}

static int16_t Gate(const EcLstmS8Layer* layer, const int8_t* input,
                    const int8_t* hidden, int32_t unit, int32_t gate) {
  const int32_t row = unit * kEcLstmGates + gate;
  const int32_t features = layer->shape.features;
  const int32_t units = layer->shape.units;
  const int32_t sum =
      Sum(layer->weights + row * features, input, features, layer->bias[row]);
  const int32_t recurrent = Sum(layer->recurrent_weights + row * units, hidden,
                                units, layer->recurrent_bias[row]);
  const int32_t a = EcClamp16(
      EcRequantize(sum, layer->multipliers[gate], layer->shifts[gate]));
  const int32_t b =
      EcClamp16(EcRequantize(recurrent, layer->recurrent_multipliers[gate],
                             layer->recurrent_shifts[gate]));
  return (int16_t)EcClamp16(a + b);
}
#endif

static void Step(const EcLstmS8Layer* layer, const int8_t* input,
                 int8_t* hidden, int16_t* cell, int8_t* output) {
  for (int32_t unit = 0; unit < layer->shape.units; ++unit) {
    int16_t gates[kEcLstmGates];
#if defined(EC_HAS_MVE)
    EcGatesMve(layer, input, hidden, unit, gates);
#else
    for (int32_t gate = 0; gate < kEcLstmGates; ++gate) {
      gates[gate] = Gate(layer, input, hidden, unit, gate);
    }
#endif
    output[unit] = (int8_t)EcLstmUnit(&layer->cell, gates, cell + unit);
  }
  memcpy(hidden, output, (size_t)layer->shape.units * sizeof(*output));
}

void EcLstmS8(const EcLstmS8Layer* layer, const int8_t* input, int8_t* hidden,
              int16_t* cell, int8_t* output) {
  const EcLstmShape* shape = &layer->shape;
  for (int32_t batch = 0; batch < shape->batches; ++batch) {
    int32_t row = batch * shape->batch_rows;
    for (int32_t step = 0; step < shape->steps; ++step) {
      Step(layer, input + row * shape->features, hidden, cell,
           output + row * shape->units);
      row += shape->step_rows;
    }
    hidden += shape->units;
    cell += shape->units;
  }
}
