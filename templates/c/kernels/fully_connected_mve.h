// A dense layer, for cores with Helium.

#ifndef EDGECOMPRESS_KERNELS_FULLY_CONNECTED_MVE_H_
#define EDGECOMPRESS_KERNELS_FULLY_CONNECTED_MVE_H_

#include <stdint.h>

#include "dot_mve.h"
#include "fully_connected_s8.h"
#include "requantize_mve.h"

#if defined(EC_HAS_MVE)

// Units whose sums are kept, before they become outputs.
enum { kEcMveUnits = 16 };

// Sums of a vector's products with `count` rows of weights, four at a time. In
// the place of rows that are missing the last is multiplied again.
static inline void EcProductsMve(const int8_t* input, const int8_t* weights,
                                 int32_t depth, int32_t count,
                                 int32_t sums[kEcMveUnits]) {
  for (int32_t i = 0; i < count; i += 4) {
    const int32_t last = count - i - 1;
    const int8_t* const rows[4] = {weights, weights + EcMin(last, 1) * depth,
                                   weights + EcMin(last, 2) * depth,
                                   weights + EcMin(last, 3) * depth};
    vstrwq_s32(sums + i, EcDotFourMve(rows, input, depth));
    weights += 4 * depth;
  }
}

// As EcFullyConnectedS8.
static inline void EcFullyConnectedMve(const EcFullyConnectedS8Layer* layer,
                                       const int8_t* input, int8_t* output) {
  for (int32_t row = 0; row < layer->rows; ++row) {
    for (int32_t unit = 0; unit < layer->units; unit += kEcMveUnits) {
      int32_t sums[kEcMveUnits];
      const int32_t some = EcMin(layer->units - unit, kEcMveUnits);
      EcProductsMve(input, layer->weights + unit * layer->depth, layer->depth,
                    some, sums);
      EcOutputsMve(&layer->scales, layer->bias + unit, unit, sums, some,
                   output + unit);
    }
    input += layer->depth;
    output += layer->units;
  }
}

#endif

#endif  // EDGECOMPRESS_KERNELS_FULLY_CONNECTED_MVE_H_
