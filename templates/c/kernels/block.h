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
  int8_t* staged;   // a patch whose parts are no multiples of four; or null
  int32_t patch;    // length
  int32_t pixels;   // 4 or 2
} EcBlock;

#if defined(EC_HAS_DUAL_MAC)

// Stores `count` values of a pixel, a multiple of four, from `place` on.
static EC_OUT_OF_LINE void EcSpread(const EcBlock* block, int32_t pixel,
                                    int32_t place, const int8_t* values,
                                    int32_t count) {
  const int32_t step = block->pixels;
  EcPairs* to = (EcPairs*)(void*)block->values + pixel + place / 4 * step;
  const int8_t* const end = values + count;
  if (count % 8 != 0) {
    *to = EcLoadPairs(values);
    to += step;
    values += 4;
  }
  while (values != end) {
    to[0] = EcLoadPairs(values);
    to[step] = EcLoadPairs(values + 4);
    to += 2 * step;
    values += 8;
  }
}

static inline void EcPutPart(const EcBlock* block, int32_t pixel, int32_t place,
                             const int8_t* values, int32_t count) {
  if (block->staged != NULL) {
    memcpy(block->staged + place, values, (size_t)count);
  } else {
    EcSpread(block, pixel, place, values, count);
  }
}

static inline void EcEndPatch(const EcBlock* block, int32_t pixel) {
  if (block->staged != NULL) {
    EcSpread(block, pixel, 0, block->staged, block->patch);
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

static inline EcFourSums EcDotTwo(const uint8_t* values, int32_t patch,
                                  const int8_t* weights, int32_t bias) {
  const EcPairs* x = (const EcPairs*)(const void*)values;
  const int8_t* const end = weights + patch;
  EcFourSums sums = {bias, bias, 0, 0};
  while (weights != end) {
    const EcPairs w = EcLoadPairs(weights);
    sums.of0 = EcMultiplyPairs(x[0], w, sums.of0);
    sums.of1 = EcMultiplyPairs(x[1], w, sums.of1);
    x += 2;
    weights += 4;
  }
  return sums;
}

#elif defined(__thumb__) && !defined(__thumb2__)

// Stores `count` values of a pixel from `place` on: in lower halves those of
// pixels 0 and 2, which come before the others.
static inline void EcPutPart(const EcBlock* block, int32_t pixel, int32_t place,
                             const int8_t* values, int32_t count) {
  const int32_t step = block->pixels / 2;
  int32_t* to = (int32_t*)(void*)block->values + place * step + pixel / 2;
  const int8_t* const end = values + count;
  if (pixel % 2 == 0) {
    for (; values != end; ++values) {
      *to = *values;
      to += step;
    }
  } else {
    for (; values != end; ++values) {
      *to += *values * 65536;
      to += step;
    }
  }
}

static inline void EcEndPatch(const EcBlock* block, int32_t pixel) {
  (void)block;
  (void)pixel;
}

// A bias and the products of each pixel with a row of weights: the last two are
// of use in blocks of four only.
static inline EcFourSums EcDotBlock(const EcBlock* block, const int8_t* weights,
                                    int32_t bias) {
  const int32_t pairs = block->pixels / 2;
  const int32_t* x = (const int32_t*)(const void*)block->values;
  int32_t sums[4] = {bias, bias, bias, bias};
  for (int32_t i = 0; i < block->patch; ++i) {
    for (int32_t pair = 0; pair < pairs; ++pair) {
      const int32_t products = *x++ * weights[i];
      const int32_t low = (int16_t)products;
      sums[2 * pair] += low;
      sums[2 * pair + 1] += (products - low) >> 16;
    }
  }
  const EcFourSums all = {sums[0], sums[1], sums[2], sums[3]};
  return all;
}

#if defined(__OPTIMIZE_SIZE__)  // GCC leaves the upper registers alone then
static inline EcFourSums EcDotFour(const uint8_t* x, int32_t patch,
                                   const int8_t* weights, int32_t bias) {
  const EcBlock block = {(uint8_t*)x, NULL, patch, kEcBlockPixels};
  return EcDotBlock(&block, weights, bias);
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

// The same for four pixels and weights above -128: fifty instructions for
// sixteen products.
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

static inline void EcPutPart(const EcBlock* block, int32_t pixel, int32_t place,
                             const int8_t* values, int32_t count) {
  memcpy(block->values + pixel * block->patch + place, values, (size_t)count);
}

static inline void EcEndPatch(const EcBlock* block, int32_t pixel) {
  (void)block;
  (void)pixel;
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

static inline EcFourSums EcDotTwo(const uint8_t* values, int32_t patch,
                                  const int8_t* weights, int32_t bias) {
  const int8_t* x0 = (const int8_t*)values;
  const int8_t* x1 = x0 + patch;
  EcFourSums sums = {bias, bias, 0, 0};
  for (int32_t i = 0; i < patch; ++i) {
    sums.of0 += x0[i] * weights[i];
    sums.of1 += x1[i] * weights[i];
  }
  return sums;
}

#endif

#if !defined(__thumb__) || defined(__thumb2__)
// A bias and the products of each pixel with a row of weights: the last two are
// of use in blocks of four only.
static inline EcFourSums EcDotBlock(const EcBlock* block, const int8_t* weights,
                                    int32_t bias) {
  return block->pixels == kEcBlockPixels
             ? EcDotFour(block->values, block->patch, weights, bias)
             : EcDotTwo(block->values, block->patch, weights, bias);
}
#endif

#endif  // EDGECOMPRESS_KERNELS_BLOCK_H_
