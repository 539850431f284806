#include "batch_matmul.h"
#include "fixed_point.h"
#include "fixed_point64.h"

static int16_t At(const EcBatchMatmulLayer* layer, const int16_t* a,
                  const int16_t* b) {
  int64_t sum = 0;
  for (int32_t i = 0; i < layer->depth; ++i) {
    sum += (int64_t)(*a + layer->offset1) * (*b + layer->offset2);
    a += layer->depth_stride1;
    b += layer->depth_stride2;
  }
  const int32_t scaled = EcRequantize64(sum, layer->multiplier, layer->shift);
  return (int16_t)EcClamp(scaled + layer->zero_point, INT16_MIN, INT16_MAX);
}

static int16_t* Product(const EcBatchMatmulLayer* layer, const int16_t* a,
                        const int16_t* b, int16_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    for (int32_t column = 0; column < layer->columns; ++column) {
      *output++ = At(layer, a, b + column * layer->column_stride);
    }
    a += layer->row_stride;
  }
  return output;
}

void EcBatchMatmulS16(const EcBatchMatmulLayer* layer, const int16_t* input1,
                      const int16_t* input2, int16_t* output) {
  const int32_t size1 = layer->rows * layer->depth;
  const int32_t size2 = layer->depth * layer->columns;
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    const int16_t* a = input1 + place.place1 * size1;
    const int16_t* b = input2 + place.place2 * size2;
    for (int32_t i = 0; i < layer->batches.run; ++i) {
      output = Product(layer, a, b, output);
      a += layer->batches.step1 * size1;
      b += layer->batches.step2 * size2;
    }
  } while (EcNextRun(&layer->batches, &place));
}
