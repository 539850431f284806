#include "fully_connected_s4.h"

static int32_t Lower(uint8_t pair) { return ((pair & 15) ^ 8) - 8; }

static int32_t Upper(uint8_t pair) { return (int8_t)pair >> 4; }

// The product of an input with the weights from the `first`-th on, which may
// begin and end in the middle of a byte.
static int32_t Dot(const int8_t* input, const uint8_t* weights, int32_t first,
                   int32_t depth) {
  int32_t sum = 0;
  int32_t i = 0;
  if (first % 2 == 1) {
    sum = input[i++] * Upper(weights[first / 2]);
  }
  const uint8_t* pair = weights + (first + i) / 2;
  for (; i + 1 < depth; i += 2) {
    sum += input[i] * Lower(*pair) + input[i + 1] * Upper(*pair);
    ++pair;
  }
  return i < depth ? sum + input[i] * Lower(*pair) : sum;
}

void EcFullyConnectedS4(const EcFullyConnectedS4Layer* layer,
                        const int8_t* input, int8_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    for (int32_t unit = 0; unit < layer->units; ++unit) {
      const int32_t sum =
          layer->bias[unit] +
          Dot(input, layer->weights, unit * layer->depth, layer->depth);
      *output++ = EcOutputS8(&layer->scales, unit, sum);
    }
    input += layer->depth;
  }
}
