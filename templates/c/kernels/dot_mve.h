// Sums of products of int8 vectors, for cores with Helium.

#ifndef EDGECOMPRESS_KERNELS_DOT_MVE_H_
#define EDGECOMPRESS_KERNELS_DOT_MVE_H_

#include <stdint.h>

#include "mve.h"

#if defined(EC_HAS_MVE)

// VMLADAVA adds to even registers. They are given by name where compilers may
// run out of them.

// The products of four vectors with another one: ten instructions for 64
// products. Elements from n on are neither read nor counted; 0 < n.
static inline int32x4_t EcDotFourMve(const int8_t* const vectors[4],
                                     const int8_t* common, int32_t n) {
  register const int8_t* x0 __asm__("r1") = vectors[0];
  register const int8_t* x1 __asm__("r3") = vectors[1];
  register const int8_t* x2 __asm__("r5") = vectors[2];
  register const int8_t* x3 __asm__("r9") = vectors[3];
  register const int8_t* y __asm__("r12") = common;
  register int32_t left __asm__("r8") = n;
  register int32_t s0 __asm__("r0") = 0;
  register int32_t s1 __asm__("r2") = 0;
  register int32_t s2 __asm__("r4") = 0;
  register int32_t s3 __asm__("r6") = 0;
  int32x4_t result;
  __asm__ volatile(
      "  dlstp.8 lr, %[left]\n"
      "1:\n"
      "  vldrb.8 q0, [%[y]], #16\n"
      "  vldrb.8 q1, [%[x0]], #16\n"
      "  vmladava.s8 %[s0], q0, q1\n"
      "  vldrb.8 q2, [%[x1]], #16\n"
      "  vmladava.s8 %[s1], q0, q2\n"
      "  vldrb.8 q1, [%[x2]], #16\n"
      "  vmladava.s8 %[s2], q0, q1\n"
      "  vldrb.8 q2, [%[x3]], #16\n"
      "  vmladava.s8 %[s3], q0, q2\n"
      "  letp lr, 1b\n"
      "  vmov %q[result][2], %q[result][0], %[s0], %[s2]\n"
      "  vmov %q[result][3], %q[result][1], %[s1], %[s3]\n"
      : [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3),
        [x0] "+r"(x0), [x1] "+r"(x1), [x2] "+r"(x2), [x3] "+r"(x3), [y] "+r"(y),
        [result] "=w"(result)
      : [left] "r"(left)
      : "lr", "q0", "q1", "q2", "memory");
  return result;
}

// The products of two vectors with three rows, which lie n apart: twelve
// instructions for 96 products. sums[0] to [2] are those of x, and those of y
// lie `step` after them.
static inline void EcDotSixMve(const int8_t* x, const int8_t* y,
                               const int8_t* rows, int32_t n, int32_t* sums,
                               int32_t step) {
  register const int8_t* p __asm__("r1") = x;
  register const int8_t* q __asm__("r3") = y;
  register const int8_t* a __asm__("r5") = rows;
  register const int8_t* b __asm__("r9") = rows + n;
  register const int8_t* c __asm__("r12") = rows + 2 * n;
  register int32_t s0 __asm__("r0");
  register int32_t s1 __asm__("r2");
  register int32_t s2 __asm__("r4");
  register int32_t s3 __asm__("r6");
  register int32_t s4 __asm__("r8");
  register int32_t s5 __asm__("r10") = n;  // n at first
  __asm__ volatile(
      "  dlstp.8 lr, %[s5]\n"
      "  mov %[s0], #0\n"
      "  mov %[s1], #0\n"
      "  mov %[s2], #0\n"
      "  mov %[s3], #0\n"
      "  mov %[s4], #0\n"
      "  mov %[s5], #0\n"
      "1:\n"
      "  vldrb.8 q0, [%[p]], #16\n"
      "  vldrb.8 q2, [%[a]], #16\n"
      "  vmladava.s8 %[s0], q0, q2\n"
      "  vldrb.8 q1, [%[q]], #16\n"
      "  vmladava.s8 %[s3], q1, q2\n"
      "  vldrb.8 q3, [%[b]], #16\n"
      "  vmladava.s8 %[s1], q0, q3\n"
      "  vmladava.s8 %[s4], q1, q3\n"
      "  vldrb.8 q2, [%[c]], #16\n"
      "  vmladava.s8 %[s2], q0, q2\n"
      "  vmladava.s8 %[s5], q1, q2\n"
      "  letp lr, 1b\n"
      : [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3),
        [s4] "=&r"(s4), [s5] "+r"(s5), [p] "+r"(p), [q] "+r"(q), [a] "+r"(a),
        [b] "+r"(b), [c] "+r"(c)
      :
      : "lr", "q0", "q1", "q2", "q3", "memory");
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[step] = s3;
  sums[step + 1] = s4;
  sums[step + 2] = s5;
}

// `sum` and the products of two vectors of n elements, 0 < n.
static inline int32_t EcDotMve(const int8_t* values, const int8_t* row,
                               int32_t n, int32_t sum) {
  __asm__ volatile(
      "  dlstp.8 lr, %[n]\n"
      "1:\n"
      "  vldrb.8 q0, [%[values]], #16\n"
      "  vldrb.8 q1, [%[row]], #16\n"
      "  vmladava.s8 %[sum], q0, q1\n"
      "  letp lr, 1b\n"
      : [sum] "+Te"(sum), [values] "+r"(values), [row] "+r"(row)
      : [n] "r"(n)
      : "lr", "q0", "q1", "memory");
  return sum;
}

// The same of values of 16 bits and weights of 8.
static inline int64_t EcDot16Mve(const int16_t* values, const int8_t* row,
                                 int32_t n, int64_t sum) {
  __asm__ volatile(
      "  dlstp.16 lr, %[n]\n"
      "1:\n"
      "  vldrh.16 q0, [%[values]], #16\n"
      "  vldrb.s16 q1, [%[row]], #8\n"
      "  vmlaldava.s16 %Q[sum], %R[sum], q0, q1\n"
      "  letp lr, 1b\n"
      : [sum] "+r"(sum), [values] "+r"(values), [row] "+l"(row)
      : [n] "r"(n)
      : "lr", "q0", "q1", "memory");
  return sum;
}

#endif

#endif  // EDGECOMPRESS_KERNELS_DOT_MVE_H_
