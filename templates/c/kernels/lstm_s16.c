#include "lstm_s16.h"

#include <string.h>

#include "fixed_point64.h"

static int64_t Sum(const int8_t* weights, const int16_t* input, int32_t count,
                   int64_t bias) {
  int64_t sum = bias;
  for (int32_t i = 0; i < count; ++i) {
    sum += weights[i] * input[i];
  }
  return sum;
}

static int16_t Gate(const EcLstmS16Layer* layer, const int16_t* input,
                    const int16_t* hidden, int32_t unit, int32_t gate) {
  const int32_t row = unit * kEcLstmGates + gate;
  const int32_t features = layer->shape.features;
  const int32_t units = layer->shape.units;
  const int64_t sum =
      Sum(layer->weights + row * features, input, features, layer->bias[row]);
  const int64_t recurrent = Sum(layer->recurrent_weights + row * units, hidden,
                                units, layer->recurrent_bias[row]);
  const int32_t a = EcClamp16(
      EcRequantize64(sum, layer->multipliers[gate], layer->shifts[gate]));
  const int32_t b =
      EcClamp16(EcRequantize64(recurrent, layer->recurrent_multipliers[gate],
                               layer->recurrent_shifts[gate]));
  return (int16_t)EcClamp16(a + b);
}

static void Step(const EcLstmS16Layer* layer, const int16_t* input,
                 int16_t* hidden, int16_t* cell, int16_t* output) {
  for (int32_t unit = 0; unit < layer->shape.units; ++unit) {
    int16_t gates[kEcLstmGates];
    for (int32_t gate = 0; gate < kEcLstmGates; ++gate) {
      gates[gate] = Gate(layer, input, hidden, unit, gate);
    }
    output[unit] = (int16_t)EcLstmUnit(&layer->cell, gates, cell + unit);
  }
  memcpy(hidden, output, (size_t)layer->shape.units * sizeof(*output));
}

void EcLstmS16(const EcLstmS16Layer* layer, const int16_t* input,
               int16_t* hidden, int16_t* cell, int16_t* output) {
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
