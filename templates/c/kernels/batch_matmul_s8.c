#include "batch_matmul.h"
#include "fixed_point.h"

static int8_t At(const EcBatchMatmulLayer* layer, const int8_t* a,
                 const int8_t* b) {
  int32_t sum = 0;
  for (int32_t i = 0; i < layer->depth; ++i) {
    sum += (*a + layer->offset1) * (*b + layer->offset2);
    a += layer->depth_stride1;
    b += layer->depth_stride2;
  }
  const int32_t scaled = EcRequantize(sum, layer->multiplier, layer->shift);
  return (int8_t)EcClamp(scaled + layer->zero_point, INT8_MIN, INT8_MAX);
}

static int8_t* Product(const EcBatchMatmulLayer* layer, const int8_t* a,
                       const int8_t* b, int8_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    for (int32_t column = 0; column < layer->columns; ++column) {
      *output++ = At(layer, a, b + column * layer->column_stride);
    }
    a += layer->row_stride;
  }
  return output;
}

void EcBatchMatmulS8(const EcBatchMatmulLayer* layer, const int8_t* input1,
                     const int8_t* input2, int8_t* output) {
  const int32_t size1 = layer->rows * layer->depth;
  const int32_t size2 = layer->depth * layer->columns;
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    const int8_t* a = input1 + place.place1 * size1;
    const int8_t* b = input2 + place.place2 * size2;
    for (int32_t i = 0; i < layer->batches.run; ++i) {
      output = Product(layer, a, b, output);
      a += layer->batches.step1 * size1;
      b += layer->batches.step2 * size2;
    }
  } while (EcNextRun(&layer->batches, &place));
}
