#include "fully_connected_s8.h"

#include "fully_connected_mve.h"

#if defined(EC_HAS_MVE)
void EcFullyConnectedS8(const EcFullyConnectedS8Layer* layer,
                        const int8_t* input, int8_t* output) {
  EcFullyConnectedMve(layer, input, output);
}
#else
#include "row.h"

void EcFullyConnectedS8(const EcFullyConnectedS8Layer* layer,
                        const int8_t* input, int8_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    EcRow(&layer->scales, layer->bias, layer->weights, input, layer->depth, 0,
          layer->units, output);
    input += layer->depth;
    output += layer->units;
  }
}
#endif
