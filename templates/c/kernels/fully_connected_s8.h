// Dense layer of int8 values: FULLY_CONNECTED.

#ifndef EDGECOMPRESS_KERNELS_FULLY_CONNECTED_S8_H_
#define EDGECOMPRESS_KERNELS_FULLY_CONNECTED_S8_H_

#include <stdint.h>

#include "requantize.h"

typedef struct {
  const int8_t* weights;  // [units][depth]
  const int32_t* bias;    // less the input's zero point times the weights' sum
  EcScales scales;
  int32_t depth;
  int16_t rows;
  int16_t units;
} EcFullyConnectedS8Layer;

void EcFullyConnectedS8(const EcFullyConnectedS8Layer* layer,
                        const int8_t* input, int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_FULLY_CONNECTED_S8_H_
