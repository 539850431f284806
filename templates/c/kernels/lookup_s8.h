// A function of single int8 values, as a table of all of them.

#ifndef EDGECOMPRESS_KERNELS_LOOKUP_S8_H_
#define EDGECOMPRESS_KERNELS_LOOKUP_S8_H_

#include <stdint.h>

typedef struct {
  const int8_t* table;  // of the inputs -128 to 127
  int32_t count;
} EcLookupS8Layer;

void EcLookupS8(const EcLookupS8Layer* layer, const int8_t* input,
                int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_LOOKUP_S8_H_
