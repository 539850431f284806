// Sixteen values of a table at once, for cores with Helium.

#ifndef EDGECOMPRESS_KERNELS_LOOKUP_MVE_H_
#define EDGECOMPRESS_KERNELS_LOOKUP_MVE_H_

#include <stdint.h>

#include "mve.h"

#if defined(EC_HAS_MVE)

// Of 256 values, those of the inputs -128 to 127: five instructions for
// sixteen.
static inline void EcLookupMve(const int8_t* table, const int8_t* input,
                               int8_t* output, int32_t count) {
  const uint8x16_t sign = vdupq_n_u8(128);
  __asm__ volatile(
      "  wlstp.8 lr, %[count], 2f\n"
      "1:\n"
      "  vldrb.8 q0, [%[input]], #16\n"
      "  veor q0, q0, %q[sign]\n"
      "  vldrb.u8 q1, [%[table], q0]\n"
      "  vstrb.8 q1, [%[output]], #16\n"
      "  letp lr, 1b\n"
      "2:\n"
      : [input] "+r"(input), [output] "+r"(output)
      : [count] "r"(count), [table] "r"(table), [sign] "w"(sign)
      : "lr", "q0", "q1", "memory");
}

#endif

#endif  // EDGECOMPRESS_KERNELS_LOOKUP_MVE_H_
