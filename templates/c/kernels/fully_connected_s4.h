// Dense layer of int8 values with weights of four bits: FULLY_CONNECTED.

#ifndef EDGECOMPRESS_KERNELS_FULLY_CONNECTED_S4_H_
#define EDGECOMPRESS_KERNELS_FULLY_CONNECTED_S4_H_

#include <stdint.h>

#include "requantize.h"

typedef struct {
  const uint8_t*
      weights;          // [units][depth], two to a byte, the lower half first
  const int32_t* bias;  // less the input's zero point times the weights' sum
  EcScales scales;
  int32_t depth;
  int16_t rows;
  int16_t units;
} EcFullyConnectedS4Layer;

void EcFullyConnectedS4(const EcFullyConnectedS4Layer* layer,
                        const int8_t* input, int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_FULLY_CONNECTED_S4_H_
