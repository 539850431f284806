// Mean or sum of int8 values along some axes: MEAN and SUM.

#ifndef EDGECOMPRESS_KERNELS_MEAN_S8_H_
#define EDGECOMPRESS_KERNELS_MEAN_S8_H_

#include <stdint.h>

#include "reduce.h"

typedef struct {
  EcReduce axes;
  int32_t offset;      // less the input's zero point for each value of a sum
  int32_t multiplier;  // for MEAN, over the number of values
  int16_t shift;
  int16_t zero_point;  // of the output
} EcMeanS8Layer;

void EcMeanS8(const EcMeanS8Layer* layer, const int8_t* input, int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_MEAN_S8_H_
