// Functions of int16 values whose outputs are in Q0.15: LOGISTIC and TANH.

#ifndef EDGECOMPRESS_KERNELS_CURVE_S16_H_
#define EDGECOMPRESS_KERNELS_CURVE_S16_H_

#include <stdint.h>

typedef struct {
  const uint16_t* sigmoid;  // at i / 24, Q0.16
  int32_t count;
  int32_t multiplier;
  int32_t shift;
} EcCurveS16Layer;

void EcLogisticS16(const EcCurveS16Layer* layer, const int16_t* input,
                   int16_t* output);

void EcTanhS16(const EcCurveS16Layer* layer, const int16_t* input,
               int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_CURVE_S16_H_
