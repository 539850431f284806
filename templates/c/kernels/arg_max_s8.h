// Where along an axis the largest or the least int8 value is, the first of
// equal ones: ARG_MAX and ARG_MIN.

#ifndef EDGECOMPRESS_KERNELS_ARG_MAX_S8_H_
#define EDGECOMPRESS_KERNELS_ARG_MAX_S8_H_

#include <stdint.h>

typedef struct {
  int32_t outer;
  int32_t depth;
  int32_t inner;
  int32_t flip;  // -1 for the least: ~a is the largest where a is the least
} EcArgMaxS8Layer;

void EcArgMaxS8(const EcArgMaxS8Layer* layer, const int8_t* input,
                int32_t* output);

#endif  // EDGECOMPRESS_KERNELS_ARG_MAX_S8_H_
