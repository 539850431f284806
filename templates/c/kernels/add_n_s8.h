// Sum of two to four int8 tensors of one scale: ADD_N.

#ifndef EDGECOMPRESS_KERNELS_ADD_N_S8_H_
#define EDGECOMPRESS_KERNELS_ADD_N_S8_H_

#include <stdint.h>

typedef struct {
  int32_t count;  // of elements
  int32_t offset;
  int32_t left_shift;
  int32_t multiplier;
  int16_t inputs;  // those beyond are not read
  int16_t shift;
  int16_t zero_point;  // of the output
} EcAddNS8Layer;

void EcAddNS8(const EcAddNS8Layer* layer, const int8_t* input1,
              const int8_t* input2, const int8_t* input3, const int8_t* input4,
              int8_t* output);

#endif  // EDGECOMPRESS_KERNELS_ADD_N_S8_H_
