// Four int8 values as two pairs of int16, for cores that multiply pairs: those
// with the DSP extension of Armv7E-M and Armv8-M.

#ifndef EDGECOMPRESS_KERNELS_PAIRS_H_
#define EDGECOMPRESS_KERNELS_PAIRS_H_

#include <stdint.h>
#include <string.h>

#include "mve.h"

#if defined(__ARM_FEATURE_DSP) && !defined(__ARM_BIG_ENDIAN) && \
    !defined(EC_HAS_MVE)
#define EC_HAS_DUAL_MAC 1

// Four values of int8 as two pairs of int16: elements 0 and 2, then 1 and 3.
typedef struct {
  uint32_t even;
  uint32_t odd;
} EcPairs;

static inline EcPairs EcLoadPairs(const int8_t* values) {
  uint32_t word;
  EcPairs pairs;
  memcpy(&word, values, sizeof(word));  // one load, aligned or not
  __asm__("sxtb16 %0, %1" : "=r"(pairs.even) : "r"(word));
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(pairs.odd) : "r"(word));
  return pairs;
}

static inline int32_t EcMultiplyPairs(EcPairs x, EcPairs y, int32_t sum) {
  __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(x.even), "r"(y.even));
  __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(x.odd), "r"(y.odd));
  return sum;
}

// `sum` and the products of four values of int16 with as many of int8.
static inline int64_t EcMultiplyWide(const int16_t* values, const int8_t* bytes,
                                     int64_t sum) {
  const EcPairs w = EcLoadPairs(bytes);
  uint32_t first;
  uint32_t second;
  memcpy(&first, values, sizeof(first));
  memcpy(&second, values + 2, sizeof(second));
  uint32_t even;
  uint32_t odd;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(even) : "r"(first), "r"(second));
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(odd) : "r"(second), "r"(first));
  __asm__("smlald %Q0, %R0, %1, %2" : "+r"(sum) : "r"(even), "r"(w.even));
  __asm__("smlald %Q0, %R0, %1, %2" : "+r"(sum) : "r"(odd), "r"(w.odd));
  return sum;
}
#endif

#endif  // EDGECOMPRESS_KERNELS_PAIRS_H_
