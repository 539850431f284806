// Products of matrices, either of them maybe transposed: BATCH_MATMUL.

#ifndef EDGECOMPRESS_KERNELS_BATCH_MATMUL_H_
#define EDGECOMPRESS_KERNELS_BATCH_MATMUL_H_

#include <stdint.h>

#include "broadcast.h"

typedef struct {
  EcBroadcast batches;  // counts matrices
  int32_t rows;
  int32_t columns;
  int32_t depth;
  int32_t row_stride;  // of the first
  int32_t depth_stride1;
  int32_t depth_stride2;
  int32_t column_stride;  // of the second
  int32_t multiplier;
  int16_t shift;  // of int16 values to the right, from 15 bits
  int32_t offset1;
  int32_t offset2;
  int16_t zero_point;  // of the output
} EcBatchMatmulLayer;

void EcBatchMatmulS8(const EcBatchMatmulLayer* layer, const int8_t* input1,
                     const int8_t* input2, int8_t* output);

void EcBatchMatmulS16(const EcBatchMatmulLayer* layer, const int16_t* input1,
                      const int16_t* input2, int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_BATCH_MATMUL_H_
