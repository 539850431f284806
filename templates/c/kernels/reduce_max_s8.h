// The largest or the least of int8 values along some axes: REDUCE_MAX and
// REDUCE_MIN; of truth values, REDUCE_ANY and REDUCE_ALL.

#ifndef EDGECOMPRESS_KERNELS_REDUCE_MAX_S8_H_
#define EDGECOMPRESS_KERNELS_REDUCE_MAX_S8_H_

#include <stdint.h>

#include "reduce.h"

typedef struct {
  EcReduce axes;
  int32_t flip;  // -1 for the least: ~a is the largest where a is the least
} EcReduceMaxS8Layer;

void EcReduceMaxS8(const EcReduceMaxS8Layer* layer, const int8_t* input,
                   int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_REDUCE_MAX_S8_H_
