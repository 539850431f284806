// The four gates of a unit at once, for cores with Helium.

#ifndef EDGECOMPRESS_KERNELS_LSTM_MVE_H_
#define EDGECOMPRESS_KERNELS_LSTM_MVE_H_

#include <stdint.h>

#include "dot_mve.h"
#include "lstm_s8.h"
#include "requantize_mve.h"

#if defined(EC_HAS_MVE)

// Sums of a unit's gates, of 16 bits, for one of their two inputs.
static inline int16x8_t EcGateSumsMve(const int8_t* values,
                                      const int8_t* weights, int32_t count,
                                      const int32_t* bias,
                                      const int32_t* multipliers,
                                      const int16_t* shifts) {
  const int8_t* const rows[kEcLstmGates] = {
      weights, weights + count, weights + 2 * count, weights + 3 * count};
  const int32x4_t sums =
      vaddq_s32(EcDotFourMve(rows, values, count), vldrwq_s32(bias));
  const int32x4_t scaled =
      EcRequantizeMve(sums, vldrwq_s32(multipliers), vldrhq_s32(shifts));
  return vqmovnbq_s32(vdupq_n_s16(0), scaled);
}

static inline void EcGatesMve(const EcLstmS8Layer* layer, const int8_t* input,
                              const int8_t* hidden, int32_t unit,
                              int16_t gates[kEcLstmGates]) {
  const int32_t row = unit * kEcLstmGates;
  const int32_t features = layer->shape.features;
  const int32_t units = layer->shape.units;
  const int16x8_t sums =
      EcGateSumsMve(input, layer->weights + row * features, features,
                    layer->bias + row, layer->multipliers, layer->shifts);
  const int16x8_t recurrent =
      EcGateSumsMve(hidden, layer->recurrent_weights + row * units, units,
                    layer->recurrent_bias + row, layer->recurrent_multipliers,
                    layer->recurrent_shifts);
  vstrhq_s32(gates, vmovlbq_s16(vqaddq_s16(sums, recurrent)));
}

#endif

#endif  // EDGECOMPRESS_KERNELS_LSTM_MVE_H_
