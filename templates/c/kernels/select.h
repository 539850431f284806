// Puts values over those of the output where a condition holds: SELECT_V2,
// whose other values are in the output already.

#ifndef EDGECOMPRESS_KERNELS_SELECT_H_
#define EDGECOMPRESS_KERNELS_SELECT_H_

#include <stdint.h>

#include "broadcast.h"

typedef struct {
  EcBroadcast shape;  // of the condition and the values
  int32_t bytes;      // of a value
} EcSelectLayer;

void EcSelect(const EcSelectLayer* layer, const uint8_t* condition,
              const uint8_t* values, uint8_t* output);

#endif  // EDGECOMPRESS_KERNELS_SELECT_H_
