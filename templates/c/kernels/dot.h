// Sums of products of int8 vectors: what dense layers consist of. Rows of
// weights lie one after another.

#ifndef EDGECOMPRESS_KERNELS_DOT_H_
#define EDGECOMPRESS_KERNELS_DOT_H_

#include <stdint.h>

#include "dot_mve.h"
#include "pairs.h"
#include "requantize.h"

// `sum` and the products of n values with a row.
static inline int32_t EcDot(const int8_t* values, const int8_t* row, int32_t n,
                            int32_t sum) {
#if defined(EC_HAS_MVE)
  return EcDotMve(values, row, n, sum);
#else
  int32_t i = 0;
#if defined(EC_HAS_DUAL_MAC)
  for (; i + 4 <= n; i += 4) {
    sum = EcMultiplyPairs(EcLoadPairs(values + i), EcLoadPairs(row + i), sum);
  }
#endif
  for (; i < n; ++i) {
    sum += values[i] * row[i];
  }
  return sum;
#endif
}

// Adds the products of n values with each of four rows to its sum.
static inline void EcDot1x4(const int8_t* values, const int8_t* rows, int32_t n,
                            EcFourSums* sums) {
  int32_t i = 0;
#if defined(EC_HAS_DUAL_MAC)
  // Twenty-six instructions for sixteen products.
  const int8_t* row = rows;
  const int8_t* x = values;
  const int8_t* const end = values + (n & ~3);
  EcFourSums s = *sums;
  uint32_t x02;
  uint32_t x13;
  uint32_t w02;
  uint32_t w13;
  if (x != end) {
    __asm__ volatile(
        "1:\n"
        "  ldr %[x13], [%[x]], #4\n"
        "  ldr %[w13], [%[row], %[n]]\n"
        "  sxtb16 %[x02], %[x13]\n"
        "  sxtb16 %[x13], %[x13], ror #8\n"
        "  sxtb16 %[w02], %[w13]\n"
        "  sxtb16 %[w13], %[w13], ror #8\n"
        "  smlad %[s1], %[x02], %[w02], %[s1]\n"
        "  smlad %[s1], %[x13], %[w13], %[s1]\n"
        "  ldr %[w13], [%[row], %[n], lsl #1]\n"
        "  sxtb16 %[w02], %[w13]\n"
        "  sxtb16 %[w13], %[w13], ror #8\n"
        "  smlad %[s2], %[x02], %[w02], %[s2]\n"
        "  smlad %[s2], %[x13], %[w13], %[s2]\n"
        "  add %[w02], %[row], %[n], lsl #1\n"
        "  ldr %[w13], [%[w02], %[n]]\n"
        "  sxtb16 %[w02], %[w13]\n"
        "  sxtb16 %[w13], %[w13], ror #8\n"
        "  smlad %[s3], %[x02], %[w02], %[s3]\n"
        "  smlad %[s3], %[x13], %[w13], %[s3]\n"
        "  ldr %[w13], [%[row]], #4\n"
        "  sxtb16 %[w02], %[w13]\n"
        "  sxtb16 %[w13], %[w13], ror #8\n"
        "  smlad %[s0], %[x02], %[w02], %[s0]\n"
        "  smlad %[s0], %[x13], %[w13], %[s0]\n"
        "  cmp %[x], %[end]\n"
        "  bne 1b\n"
        : [s0] "+r"(s.of0), [s1] "+r"(s.of1), [s2] "+r"(s.of2),
          [s3] "+r"(s.of3), [x] "+r"(x), [row] "+r"(row), [x02] "=&r"(x02),
          [x13] "=&r"(x13), [w02] "=&r"(w02), [w13] "=&r"(w13)
        : [n] "r"(n), [end] "r"(end)
        : "cc", "memory");
  }
  *sums = s;
  i = n & ~3;
#endif
  for (; i < n; ++i) {
    sums->of0 += values[i] * rows[i];
    sums->of1 += values[i] * rows[i + n];
    sums->of2 += values[i] * rows[i + 2 * n];
    sums->of3 += values[i] * rows[i + 3 * n];
  }
}

#endif  // EDGECOMPRESS_KERNELS_DOT_H_
