// LSTM over a sequence of int16 values: UNIDIRECTIONAL_SEQUENCE_LSTM.

#ifndef EDGECOMPRESS_KERNELS_LSTM_S16_H_
#define EDGECOMPRESS_KERNELS_LSTM_S16_H_

#include "lstm.h"

typedef struct {
  const int8_t* weights;            // [units][gates][features]
  const int8_t* recurrent_weights;  // [units][gates][units]
  const int64_t* bias;              // [units][gates], zero points folded in
  const int64_t* recurrent_bias;
  int32_t multipliers[kEcLstmGates];
  int32_t recurrent_multipliers[kEcLstmGates];
  int16_t shifts[kEcLstmGates];
  int16_t recurrent_shifts[kEcLstmGates];
  EcLstmShape shape;
  EcLstmCell cell;
} EcLstmS16Layer;

// `hidden` and `cell` are [batches][units] and live on.
void EcLstmS16(const EcLstmS16Layer* layer, const int16_t* input,
               int16_t* hidden, int16_t* cell, int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_LSTM_S16_H_
