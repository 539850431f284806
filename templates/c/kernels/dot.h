// Sums of products of int8 vectors: what convolutions and dense layers consist
// of. `a` and `b` are two rows of weights; inputs are vectors of one or two
// pixels.

#ifndef EDGECOMPRESS_KERNELS_DOT_H_
#define EDGECOMPRESS_KERNELS_DOT_H_

#include <stdint.h>

typedef struct {
  int32_t a0;  // row a with pixel 0
  int32_t b0;
  int32_t a1;
  int32_t b1;
} EcSums;

// Adds the products of n inputs of one pixel with both rows.
static inline void EcDot1x2(const int8_t* pixel, const int8_t* a,
                            const int8_t* b, int32_t n, EcSums* sums) {
  for (int32_t i = 0; i < n; ++i) {
    sums->a0 += pixel[i] * a[i];
    sums->b0 += pixel[i] * b[i];
  }
}

// Adds the products of n inputs of two pixels with both rows.
static inline void EcDot2x2(const int8_t* pixel0, const int8_t* pixel1,
                            const int8_t* a, const int8_t* b, int32_t n,
                            EcSums* sums) {
  for (int32_t i = 0; i < n; ++i) {
    sums->a0 += pixel0[i] * a[i];
    sums->b0 += pixel0[i] * b[i];
    sums->a1 += pixel1[i] * a[i];
    sums->b1 += pixel1[i] * b[i];
  }
}

#endif  // EDGECOMPRESS_KERNELS_DOT_H_
