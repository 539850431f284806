// The larger or the smaller of two values, one tensor maybe broadcast: MAXIMUM
// and MINIMUM; of truth values, LOGICAL_OR and LOGICAL_AND.

#ifndef EDGECOMPRESS_KERNELS_MAXIMUM_H_
#define EDGECOMPRESS_KERNELS_MAXIMUM_H_

#include <stdint.h>

#include "broadcast.h"

typedef struct {
  EcBroadcast shape;
  int32_t flip;  // -1 for the smaller: ~a is the larger where a is the smaller
} EcMaximumLayer;

void EcMaximumS8(const EcMaximumLayer* layer, const int8_t* input1,
                 const int8_t* input2, int8_t* output);

void EcMaximumS16(const EcMaximumLayer* layer, const int16_t* input1,
                  const int16_t* input2, int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_MAXIMUM_H_
