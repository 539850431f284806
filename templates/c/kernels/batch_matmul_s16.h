// Products of int16 matrices, one pair after another: BATCH_MATMUL.

#ifndef EDGECOMPRESS_KERNELS_BATCH_MATMUL_S16_H_
#define EDGECOMPRESS_KERNELS_BATCH_MATMUL_S16_H_

#include <stdint.h>

enum { kEcMatrixAxes = 3 };

typedef struct {
  int32_t extents[kEcMatrixAxes];  // of the matrices' batches, outermost first
  int32_t strides1[kEcMatrixAxes];
  int32_t strides2[kEcMatrixAxes];
  int32_t rows;  // of the output
  int32_t columns;
  int32_t depth;
  int32_t row_stride;  // of the first input
  int32_t depth_stride1;
  int32_t depth_stride2;
  int32_t column_stride;  // of the second
  int32_t offset1;
  int32_t offset2;
  int32_t multiplier;
  int32_t shift;
  int32_t zero_point;  // of the output
} EcBatchMatmulS16Layer;

void EcBatchMatmulS16(const EcBatchMatmulS16Layer* layer, const int16_t* input1,
                      const int16_t* input2, int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_BATCH_MATMUL_S16_H_
