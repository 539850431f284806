#include "batch_matmul_s16.h"

#include "fixed_point.h"
#include "fixed_point64.h"

static int16_t Element(const EcBatchMatmulS16Layer* layer, const int16_t* row,
                       const int16_t* column) {
  int64_t sum = 0;
  for (int32_t i = 0; i < layer->depth; ++i) {
    sum += (int64_t)(*row + layer->offset1) * (*column + layer->offset2);
    row += layer->depth_stride1;
    column += layer->depth_stride2;
  }
  const int32_t scaled = EcRequantize64(sum, layer->multiplier, layer->shift);
  return (int16_t)EcClamp(scaled + layer->zero_point, INT16_MIN, INT16_MAX);
}

static void Product(const EcBatchMatmulS16Layer* layer, const int16_t* input1,
                    const int16_t* input2, int16_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    for (int32_t column = 0; column < layer->columns; ++column) {
      *output++ = Element(layer, input1 + row * layer->row_stride,
                          input2 + column * layer->column_stride);
    }
  }
}

void EcBatchMatmulS16(const EcBatchMatmulS16Layer* layer, const int16_t* input1,
                      const int16_t* input2, int16_t* output) {
  const int32_t* extents = layer->extents;
  for (int32_t batch = 0; batch < extents[0] * extents[1] * extents[2];
       ++batch) {
    int32_t rest = batch;
    int32_t place1 = 0;
    int32_t place2 = 0;
    for (int32_t axis = kEcMatrixAxes - 1; axis >= 0; --axis) {
      const int32_t index = rest % extents[axis];
      place1 += index * layer->strides1[axis];
      place2 += index * layer->strides2[axis];
      rest /= extents[axis];
    }
    Product(layer, input1 + place1, input2 + place2, output);
    output += layer->rows * layer->columns;
  }
}
