#include "lstm_s8.h"

#include <string.h>

#include "dot.h"
#include "lstm_mve.h"

#if !defined(EC_HAS_MVE)
// The sums of a unit's four gates, whose rows of weights lie one after another.
static EcFourSums Sums(const int8_t* weights, const int32_t* bias,
                       const int8_t* input, int32_t count, int32_t unit) {
  const int32_t row = unit * kEcLstmGates;
  EcFourSums sums = {bias[row], bias[row + 1], bias[row + 2], bias[row + 3]};
  EcDot1x4(input, weights + row * count, count, &sums);
  return sums;
}

static int16_t Gate(const EcLstmS8Layer* layer, int32_t gate, int32_t sum,
                    int32_t recurrent) {
  const int32_t a = EcClamp16(
      EcRequantize(sum, layer->multipliers[gate], layer->shifts[gate]));
  const int32_t b =
      EcClamp16(EcRequantize(recurrent, layer->recurrent_multipliers[gate],
                             layer->recurrent_shifts[gate]));
  return (int16_t)EcClamp16(a + b);
}

static void Gates(const EcLstmS8Layer* layer, const int8_t* input,
                  const int8_t* hidden, int32_t unit, int16_t* gates) {
  const EcFourSums a =
      Sums(layer->weights, layer->bias, input, layer->shape.features, unit);
  const EcFourSums b = Sums(layer->recurrent_weights, layer->recurrent_bias,
                            hidden, layer->shape.units, unit);
  gates[0] = Gate(layer, 0, a.of0, b.of0);
  gates[1] = Gate(layer, 1, a.of1, b.of1);
  gates[2] = Gate(layer, 2, a.of2, b.of2);
  gates[3] = Gate(layer, 3, a.of3, b.of3);
}
#endif

static void Step(const EcLstmS8Layer* layer, const int8_t* input,
                 int8_t* hidden, int16_t* cell, int8_t* output) {
  for (int32_t unit = 0; unit < layer->shape.units; ++unit) {
    int16_t gates[kEcLstmGates];
#if defined(EC_HAS_MVE)
    EcGatesMve(layer, input, hidden, unit, gates);
#else
    Gates(layer, input, hidden, unit, gates);
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
