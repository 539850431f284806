#include "fully_connected_s8.h"

#include "dot.h"
#include "fixed_point.h"

static int8_t Finish(const EcFullyConnectedS8Layer* layer, int32_t unit,
                     int32_t sum) {
  const int32_t entry = unit * layer->unit_step;
  const int32_t scaled =
      EcRequantize(sum, layer->multipliers[entry], layer->shifts[entry]);
  return (int8_t)EcClamp(scaled + layer->zero_point, layer->low, layer->high);
}

void EcFullyConnectedS8(const EcFullyConnectedS8Layer* layer,
                        const int8_t* input, int8_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    for (int32_t unit = 0; unit < layer->units; unit += 2) {
      const int32_t next = EcMin(unit + 1, layer->units - 1);
      EcSums sums = {layer->bias[unit], layer->bias[next], 0, 0};
      EcDot1x2(input, layer->weights + unit * layer->depth,
               layer->weights + next * layer->depth, layer->depth, &sums);
      output[unit] = Finish(layer, unit, sums.a0);
      output[next] = Finish(layer, next, sums.b0);
    }
    input += layer->depth;
    output += layer->units;
  }
}
