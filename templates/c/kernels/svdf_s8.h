// Layer of filters that are a product of one over features and one over time
// (singular value decomposition): SVDF of int8 values.

#ifndef EDGECOMPRESS_KERNELS_SVDF_S8_H_
#define EDGECOMPRESS_KERNELS_SVDF_S8_H_

#include <stdint.h>

typedef struct {
  const int8_t* feature_weights;  // [units][rank][features]
  const int32_t* feature_bias;    // the input's zero point, for each filter
  const int16_t* time_weights;    // [units][rank][memory]
  const int32_t* bias;            // of units
  int32_t state_multiplier;
  int32_t multiplier;  // of the output
  int16_t batches;
  int16_t units;
  int16_t rank;
  int16_t features;
  int16_t memory;
  int16_t state_shift;
  int16_t state_zero_point;
  int16_t state_is_narrow;  // of int8, modulo 2^8
  int16_t state_low;
  int16_t state_high;
  int16_t shift;
  int16_t zero_point;  // of the output
} EcSvdfS8Layer;

// `state` is [batches][units][rank][memory], the newest last, less its zero
// point.
void EcSvdfS8(const EcSvdfS8Layer* layer, const int8_t* input, int16_t* state,
              int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_SVDF_S8_H_
