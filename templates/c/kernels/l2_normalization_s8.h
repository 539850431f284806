// Vectors of int8 values over their lengths: L2_NORMALIZATION.

#ifndef EDGECOMPRESS_KERNELS_L2_NORMALIZATION_S8_H_
#define EDGECOMPRESS_KERNELS_L2_NORMALIZATION_S8_H_

#include <stdint.h>

typedef struct {
  int32_t rows;
  int32_t depth;
  int32_t offset;
} EcL2NormalizationS8Layer;

// Outputs count 1/128.
void EcL2NormalizationS8(const EcL2NormalizationS8Layer* layer,
                         const int8_t* input, int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_L2_NORMALIZATION_S8_H_
