// Sums of an SVDF layer, for cores with Helium.

#ifndef EDGECOMPRESS_KERNELS_SVDF_MVE_H_
#define EDGECOMPRESS_KERNELS_SVDF_MVE_H_

#include <stdint.h>

#include "mve.h"

#if defined(EC_HAS_MVE)

// Moves states on by one, so that the first of count + 1 is lost, and returns
// the sum of their products with weights, modulo 2^32: five instructions for
// eight of them.
static inline uint32_t EcMoveOnMve(const int16_t* weights, int16_t* state,
                                   int32_t count) {
  const int16_t* next = state + 1;
  uint32_t sum = 0;
  __asm__ volatile(
      "  wlstp.16 lr, %[count], 2f\n"
      "1:\n"
      "  vldrh.16 q0, [%[next]], #16\n"
      "  vldrh.16 q1, [%[weights]], #16\n"
      "  vstrh.16 q0, [%[state]], #16\n"
      "  vmladava.s16 %[sum], q0, q1\n"
      "  letp lr, 1b\n"
      "2:\n"
      : [sum] "+Te"(sum), [next] "+r"(next), [weights] "+r"(weights),
        [state] "+r"(state)
      : [count] "r"(count)
      : "lr", "q0", "q1", "memory");
  return sum;
}

#endif

#endif  // EDGECOMPRESS_KERNELS_SVDF_MVE_H_
