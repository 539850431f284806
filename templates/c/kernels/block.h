// A block of pixels whose inputs wait for their products with the weights of
// each channel. A patch holds what a pixel of the output depends on, and is as
// long as a row of weights, which is a multiple of four.
//
// Cores that multiply pairs of int16 find four values of each pixel after those
// of the pixel before, as two words of EcPairs. Cores of Armv6-M, whose only
// product is one of 32 bits, find a value of two pixels in a word, and get two
// products in one. Others find the patches one after another, as they are.

#ifndef EDGECOMPRESS_KERNELS_BLOCK_H_
#define EDGECOMPRESS_KERNELS_BLOCK_H_

#include <stdint.h>
#include <string.h>

#include "pairs.h"
#include "requantize.h"

enum { kEcBlockPixels = 4 };

typedef struct {
  uint8_t* values;  // for each pixel two bytes for each value of a patch
  int32_t patch;    // length
} EcBlock;

#if defined(EC_HAS_DUAL_MAC)

#define EC_PARTS_OF_FOUR 1

// Stores `count` values of a pixel, a multiple of four, from `place` on.
static EC_OUT_OF_LINE void EcPutPart(const EcBlock* block, int32_t pixel,
                                     int32_t place, const int8_t* values,
                                     int32_t count) {
  // A patch of bytes, which has no block, does not come here.
  // NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
  EcPairs* to = (EcPairs*)(void*)block->values + place + pixel;
  const int8_t* const end = values + count;
  if (count % 8 != 0) {
    *to = EcLoadPairs(values);
    to += kEcBlockPixels;
    values += 4;
  }
  while (values != end) {
    to[0] = EcLoadPairs(values);
    to[kEcBlockPixels] = EcLoadPairs(values + 4);
    to += 2 * kEcBlockPixels;
    values += 8;
  }
}

// A bias and the products of four pixels with a row of weights: fourteen
// instructions for sixteen products. The loop is entered in the middle if the
// row is an odd number of four values.
static inline EcFourSums EcDotFour(const uint8_t* x, int32_t patch,
                                   const int8_t* weights, int32_t bias) {
  const int8_t* const end = weights + patch;
  EcFourSums sums = {bias, bias, bias, bias};
  uint32_t even;
  uint32_t odd;
  __asm__ volatile(
      "  sub %[even], %[end], %[w]\n"
      "  tst %[even], #4\n"
      "  bne 2f\n"
      "1:\n"
      "  ldr %[odd], [%[w]], #4\n"
      "  ldm %[x]!, {r2, r3, r4, r5}\n"
      "  sxtb16 %[even], %[odd]\n"
      "  sxtb16 %[odd], %[odd], ror #8\n"
      "  smlad %[s0], r2, %[even], %[s0]\n"
      "  smlad %[s1], r4, %[even], %[s1]\n"
      "  smlad %[s0], r3, %[odd], %[s0]\n"
      "  smlad %[s1], r5, %[odd], %[s1]\n"
      "  ldm %[x]!, {r2, r3, r4, r5}\n"
      "  smlad %[s2], r2, %[even], %[s2]\n"
      "  smlad %[s3], r4, %[even], %[s3]\n"
      "  smlad %[s2], r3, %[odd], %[s2]\n"
      "  smlad %[s3], r5, %[odd], %[s3]\n"
      "2:\n"
      "  ldr %[odd], [%[w]], #4\n"
      "  ldm %[x]!, {r2, r3, r4, r5}\n"
      "  sxtb16 %[even], %[odd]\n"
      "  sxtb16 %[odd], %[odd], ror #8\n"
      "  smlad %[s0], r2, %[even], %[s0]\n"
      "  smlad %[s1], r4, %[even], %[s1]\n"
      "  smlad %[s0], r3, %[odd], %[s0]\n"
      "  smlad %[s1], r5, %[odd], %[s1]\n"
      "  ldm %[x]!, {r2, r3, r4, r5}\n"
      "  cmp %[w], %[end]\n"
      "  smlad %[s2], r2, %[even], %[s2]\n"
      "  smlad %[s3], r4, %[even], %[s3]\n"
      "  smlad %[s2], r3, %[odd], %[s2]\n"
      "  smlad %[s3], r5, %[odd], %[s3]\n"
      "  bne 1b\n"
      : [s0] "+r"(sums.of0), [s1] "+r"(sums.of1), [s2] "+r"(sums.of2),
        [s3] "+r"(sums.of3), [x] "+r"(x), [w] "+r"(weights), [even] "=&r"(even),
        [odd] "=&r"(odd)
      : [end] "r"(end)
      : "r2", "r3", "r4", "r5", "cc", "memory");
  return sums;
}

#elif defined(__thumb__) && !defined(__thumb2__)

#define EC_PARTS_OF_FOUR 0

// Stores `count` values of a pixel from `place` on: in lower halves those of
// pixels 0 and 2, which come before the others.
static inline void EcPutPart(const EcBlock* block, int32_t pixel, int32_t place,
                             const int8_t* values, int32_t count) {
  int32_t* to = (int32_t*)(void*)block->values + place * 2 + pixel / 2;
  const int8_t* const end = values + count;
  if (pixel % 2 == 0) {
    for (; values != end; ++values) {
      *to = *values;
      to += 2;
    }
  } else {
    for (; values != end; ++values) {
      *to += *values * 65536;
      to += 2;
    }
  }
}

// A bias and the products of four pixels with a row of any weights.
static inline EcFourSums EcDotAny(const uint8_t* values, int32_t patch,
                                  const int8_t* weights, int32_t bias) {
  const int32_t* x = (const int32_t*)(const void*)values;
  EcFourSums sums = {bias, bias, bias, bias};
  for (int32_t i = 0; i < patch; ++i) {
    const int32_t first = *x++ * weights[i];
    const int32_t second = *x++ * weights[i];
    sums.of0 += (int16_t)first;
    sums.of1 += (first - (int16_t)first) >> 16;
    sums.of2 += (int16_t)second;
    sums.of3 += (second - (int16_t)second) >> 16;
  }
  return sums;
}

#if defined(__OPTIMIZE_SIZE__)  // GCC leaves the upper registers alone then
static inline EcFourSums EcDotFour(const uint8_t* x, int32_t patch,
                                   const int8_t* weights, int32_t bias) {
  return EcDotAny(x, patch, weights, bias);
}
#else
// The products of two weights, from w0 and w1, with two pixels each. Both sums
// fit 16 bits; the upper one is exact after the lower one is taken away.
#define EC_TWO_PIXELS(first, second, low, high) \
  "  ldr %[a], [%[x], #" first                  \
  "]\n"                                         \
  "  ldr %[b], [%[x], #" second                 \
  "]\n"                                         \
  "  muls %[a], %[w0], %[a]\n"                  \
  "  muls %[b], %[w1], %[b]\n"                  \
  "  adds %[a], %[a], %[b]\n"                   \
  "  sxth %[b], %[a]\n"                         \
  "  add %[" low                                \
  "], %[b]\n"                                   \
  "  subs %[a], %[a], %[b]\n"                   \
  "  asrs %[a], %[a], #16\n"                    \
  "  add %[" high "], %[a]\n"

#define EC_TWO_WEIGHTS              \
  "  ldrsb %[w0], [%[end], %[i]]\n" \
  "  adds %[i], %[i], #1\n"         \
  "  ldrsb %[w1], [%[end], %[i]]\n"

// The same for weights above -128: fifty instructions for sixteen products.
static inline EcFourSums EcDotFour(const uint8_t* x, int32_t patch,
                                   const int8_t* weights, int32_t bias) {
  const int8_t* const end = weights + patch;
  EcFourSums sums = {bias, bias, bias, bias};
  int32_t i = -patch;
  int32_t a;
  int32_t b;
  int32_t w0;
  int32_t w1;
  __asm__ volatile(
      ".syntax unified\n"
      "1:\n" EC_TWO_WEIGHTS
      EC_TWO_PIXELS("0", "8", "s0", "s1") EC_TWO_PIXELS("4", "12", "s2", "s3")
      "  adds %[i], %[i], #1\n" EC_TWO_WEIGHTS
      EC_TWO_PIXELS("16", "24", "s0", "s1") EC_TWO_PIXELS("20", "28", "s2", "s3")
      "  adds %[x], #32\n"
      "  adds %[i], %[i], #1\n"
      "  bne 1b\n"
      : [s0] "+h"(sums.of0), [s1] "+h"(sums.of1), [s2] "+h"(sums.of2),
        [s3] "+h"(sums.of3), [x] "+l"(x), [i] "+l"(i), [a] "=&l"(a),
        [b] "=&l"(b), [w0] "=&l"(w0), [w1] "=&l"(w1)
      : [end] "l"(end)
      : "cc", "memory");
  return sums;
}
#endif

#else

#define EC_PARTS_OF_FOUR 0

static inline void EcPutPart(const EcBlock* block, int32_t pixel, int32_t place,
                             const int8_t* values, int32_t count) {
  // A patch of bytes, which has no block, does not come here.
  // NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
  memcpy(block->values + pixel * block->patch + place, values, (size_t)count);
}

static inline EcFourSums EcDotFour(const uint8_t* x, int32_t patch,
                                   const int8_t* weights, int32_t bias) {
  const int8_t* x0 = (const int8_t*)x;
  const int8_t* x1 = x0 + patch;
  const int8_t* x2 = x1 + patch;
  const int8_t* x3 = x2 + patch;
  EcFourSums sums = {bias, bias, bias, bias};
  for (int32_t i = 0; i < patch; ++i) {
    const int32_t weight = weights[i];
    sums.of0 += x0[i] * weight;
    sums.of1 += x1[i] * weight;
    sums.of2 += x2[i] * weight;
    sums.of3 += x3[i] * weight;
  }
  return sums;
}

#endif

#if !defined(__thumb__) || defined(__thumb2__)
static inline EcFourSums EcDotAny(const uint8_t* values, int32_t patch,
                                  const int8_t* weights, int32_t bias) {
  return EcDotFour(values, patch, weights, bias);
}
#endif

#endif  // EDGECOMPRESS_KERNELS_BLOCK_H_
