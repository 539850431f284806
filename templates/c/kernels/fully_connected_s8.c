#include "fully_connected_s8.h"

#include "fully_connected_mve.h"

#if defined(EC_HAS_MVE)
void EcFullyConnectedS8(const EcFullyConnectedS8Layer* layer,
                        const int8_t* input, int8_t* output) {
  EcFullyConnectedMve(layer, input, output);
}
#else
#include "dot.h"

// Four units at a time, then one.
static void Row(const EcFullyConnectedS8Layer* layer, const int8_t* input,
                int8_t* output) {
  const int8_t* weights = layer->weights;
  const int32_t* bias = layer->bias;
  EcScaleReader scales = EcScalesFrom(&layer->scales, 0);
  int32_t unit = 0;
  for (; unit + 4 <= layer->units; unit += 4) {
    EcFourSums sums = {bias[unit], bias[unit + 1], bias[unit + 2],
                       bias[unit + 3]};
    EcDot1x4(input, weights, layer->depth, &sums);
    EcOutputFour(&scales, layer->scales.channel_step, &sums, output + unit);
    weights += 4 * layer->depth;
  }
  for (; unit < layer->units; ++unit) {
    const int32_t sum = EcDot(input, weights, layer->depth, bias[unit]);
    output[unit] = EcOutputS8(&layer->scales, unit, sum);
    weights += layer->depth;
  }
}

void EcFullyConnectedS8(const EcFullyConnectedS8Layer* layer,
                        const int8_t* input, int8_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    Row(layer, input, output);
    EcClampRow(&layer->scales, output, layer->units);
    input += layer->depth;
    output += layer->units;
  }
}
#endif
