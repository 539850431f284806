// PRELU: x, or alpha x where x is negative; alpha maybe
// broadcast.

#ifndef EDGECOMPRESS_KERNELS_PRELU_H_
#define EDGECOMPRESS_KERNELS_PRELU_H_

#include <stdint.h>

#include "broadcast.h"

typedef struct {
  EcBroadcast shape;
  int32_t multiplier;        // of x
  int32_t alpha_multiplier;  // of alpha x
  int16_t shift;
  int16_t alpha_shift;
  int16_t offset;
  int16_t alpha_offset;
  int16_t zero_point;  // of the output
} EcPreluLayer;

void EcPreluS8(const EcPreluLayer* layer, const int8_t* input,
               const int8_t* alpha, int8_t* output);

void EcPreluS16(const EcPreluLayer* layer, const int16_t* input,
                const int8_t* alpha, int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_PRELU_H_
