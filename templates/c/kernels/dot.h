// Sums of products of int8 vectors: what convolutions and dense layers consist
// of. `a` and `b` are two rows of weights; inputs are vectors of one or two
// pixels.

#ifndef EDGECOMPRESS_KERNELS_DOT_H_
#define EDGECOMPRESS_KERNELS_DOT_H_

#include <stdint.h>

#include "pairs.h"

typedef struct {
  int32_t a0;  // row a with pixel 0
  int32_t b0;
  int32_t a1;
  int32_t b1;
} EcSums;

// Adds the products of n inputs of one pixel with both rows.
static inline void EcDot1x2(const int8_t* pixel, const int8_t* a,
                            const int8_t* b, int32_t n, EcSums* sums) {
  int32_t i = 0;
#if defined(EC_HAS_DUAL_MAC)
  for (; i + 4 <= n; i += 4) {
    const EcPairs x = EcLoadPairs(pixel + i);
    sums->a0 = EcMultiplyPairs(x, EcLoadPairs(a + i), sums->a0);
    sums->b0 = EcMultiplyPairs(x, EcLoadPairs(b + i), sums->b0);
  }
#endif
  for (; i < n; ++i) {
    sums->a0 += pixel[i] * a[i];
    sums->b0 += pixel[i] * b[i];
  }
}

// Adds the products of n inputs of two pixels with both rows.
static inline void EcDot2x2(const int8_t* pixel0, const int8_t* pixel1,
                            const int8_t* a, const int8_t* b, int32_t n,
                            EcSums* sums) {
  int32_t i = 0;
#if defined(EC_HAS_DUAL_MAC)
  const int8_t* const end = pixel0 + (n & ~3);
  int32_t a0 = sums->a0;
  int32_t b0 = sums->b0;
  int32_t a1 = sums->a1;
  int32_t b1 = sums->b1;
  while (pixel0 != end) {
    const EcPairs x = EcLoadPairs(pixel0);
    const EcPairs y = EcLoadPairs(pixel1);
    pixel0 += 4;
    pixel1 += 4;
    EcPairs w = EcLoadPairs(a);
    a += 4;
    a0 = EcMultiplyPairs(x, w, a0);
    a1 = EcMultiplyPairs(y, w, a1);
    w = EcLoadPairs(b);
    b += 4;
    b0 = EcMultiplyPairs(x, w, b0);
    b1 = EcMultiplyPairs(y, w, b1);
  }
  sums->a0 = a0;
  sums->b0 = b0;
  sums->a1 = a1;
  sums->b1 = b1;
  n &= 3;
#endif
  for (; i < n; ++i) {
    sums->a0 += pixel0[i] * a[i];
    sums->b0 += pixel0[i] * b[i];
    sums->a1 += pixel1[i] * a[i];
    sums->b1 += pixel1[i] * b[i];
  }
}

#endif  // EDGECOMPRESS_KERNELS_DOT_H_
