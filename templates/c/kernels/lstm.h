// What the LSTM of int8 and the one of int16 activations have in common: gates
// and the cell state, which are of int16 in both.

#ifndef EDGECOMPRESS_KERNELS_LSTM_H_
#define EDGECOMPRESS_KERNELS_LSTM_H_

#include <stdint.h>

#include "fixed_point.h"
#include "sigmoid_s16.h"

enum { kEcForget, kEcInput, kEcCell, kEcOutput, kEcLstmGates };

typedef struct {
  const uint16_t* sigmoid;
  int32_t forget_multiplier;  // forget gate times cell state
  int32_t input_multiplier;   // input gate times cell gate
  int32_t hidden_multiplier;  // output gate times tanh of the cell state
  int16_t forget_shift;
  int16_t input_shift;
  int16_t hidden_shift;
  int16_t tanh_multiplier;  // of the cell state, for tanh
  int16_t tanh_shift;
  int16_t cell_low;
  int16_t cell_high;
  int16_t hidden_zero_point;
  int16_t hidden_low;
  int16_t hidden_high;
} EcLstmCell;

typedef struct {
  int16_t steps;
  int16_t batches;
  int16_t features;
  int16_t units;
  int32_t step_rows;   // rows of the sequence from one step to the next
  int32_t batch_rows;  // and from one batch to the next
} EcLstmShape;

static inline int32_t EcClamp16(int32_t value) {
  return EcClamp(value, INT16_MIN, INT16_MAX);
}

static inline int32_t EcLstmProduct(int32_t a, int32_t b, int32_t multiplier,
                                    int32_t shift) {
  return EcClamp16(EcRequantize(a * b, multiplier, shift));
}

// Updates a unit's cell state from the sums of its gates, which are in units of
// 2^-12; returns its output.
static inline int32_t EcLstmUnit(const EcLstmCell* cell, const int16_t* gates,
                                 int16_t* state) {
  const uint16_t* table = cell->sigmoid;
  const int16_t forget = EcSigmoid16(table, gates[kEcForget] * 3);
  const int16_t input = EcSigmoid16(table, gates[kEcInput] * 3);
  const int16_t candidate = EcTanh16(table, gates[kEcCell] * 3);
  const int16_t output = EcSigmoid16(table, gates[kEcOutput] * 3);
  const int32_t kept = EcLstmProduct(forget, *state, cell->forget_multiplier,
                                     cell->forget_shift);
  const int32_t added = EcLstmProduct(input, candidate, cell->input_multiplier,
                                      cell->input_shift);
  *state = (int16_t)EcClamp(EcClamp16(kept + added), cell->cell_low,
                            cell->cell_high);
  const int32_t place =
      EcScaledPlace(*state, cell->tanh_multiplier, cell->tanh_shift);
  const int32_t scaled =
      EcRequantize(EcTanh16(table, place) * output, cell->hidden_multiplier,
                   cell->hidden_shift);
  return EcClamp(scaled + cell->hidden_zero_point, cell->hidden_low,
                 cell->hidden_high);
}

#endif  // EDGECOMPRESS_KERNELS_LSTM_H_
