#include "resize_bilinear_s8.h"

enum { kOne = 1024 };

static int32_t Between(int32_t a, int32_t b, int32_t share) {
  return a * (kOne - share) + b * share;
}

static int8_t Rounded(int32_t value) {
  const int32_t half = kOne * kOne / 2;
  return (int8_t)((value + (value > 0 ? half : -half)) / (kOne * kOne));
}

static void Row(const EcResizeBilinearS8Layer* layer, const int8_t* upper,
                const int8_t* lower, int32_t share, int8_t* output) {
  const int32_t channels = layer->channels;
  const int16_t* column = layer->columns;
  for (int32_t x = 0; x < layer->out_width; ++x) {
    const int32_t left = column[0] * channels;
    const int32_t right = column[1] * channels;
    for (int32_t i = 0; i < channels; ++i) {
      const int32_t above =
          Between(upper[left + i], upper[right + i], column[2]);
      const int32_t below =
          Between(lower[left + i], lower[right + i], column[2]);
      *output++ = Rounded(Between(above, below, share));
    }
    column += 3;
  }
}

void EcResizeBilinearS8(const EcResizeBilinearS8Layer* layer,
                        const int8_t* input, int8_t* output) {
  const int32_t stride = layer->in_width * layer->channels;
  for (int32_t batch = 0; batch < layer->batches; ++batch) {
    const int16_t* row = layer->rows;
    for (int32_t y = 0; y < layer->out_height; ++y) {
      Row(layer, input + row[0] * stride, input + row[1] * stride, row[2],
          output);
      output += layer->out_width * layer->channels;
      row += 3;
    }
    input += layer->in_height * stride;
  }
}
