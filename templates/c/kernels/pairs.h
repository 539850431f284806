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
#endif

#endif  // EDGECOMPRESS_KERNELS_PAIRS_H_
