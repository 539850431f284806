// Helium: vectors of 16 bytes, of the M-profile Vector Extension of Armv8.1-M
// (Cortex-M52, M55 and M85).

#ifndef EDGECOMPRESS_KERNELS_MVE_H_
#define EDGECOMPRESS_KERNELS_MVE_H_

#if defined(__ARM_FEATURE_MVE) && !defined(__ARM_BIG_ENDIAN)
#define EC_HAS_MVE 1

#include <arm_mve.h>
#endif

#endif  // EDGECOMPRESS_KERNELS_MVE_H_
