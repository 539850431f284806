// Mean or sum of values along some axes: MEAN and SUM.

#ifndef EDGECOMPRESS_KERNELS_MEAN_H_
#define EDGECOMPRESS_KERNELS_MEAN_H_

#include <stdint.h>

#include "reduce.h"

typedef struct {
  EcReduce axes;
  int32_t offset;      // less the input's zero point for each value of a sum
  int32_t multiplier;  // for MEAN, over the number of values
  int16_t shift;
  int16_t zero_point;  // of the output
} EcMeanLayer;

void EcMeanS8(const EcMeanLayer* layer, const int8_t* input, int8_t* output);

void EcMeanS16(const EcMeanLayer* layer, const int16_t* input, int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_MEAN_H_
