// The memory that TFLM works in.

#ifndef EDGECOMPRESS_TENSOR_ARENA_H_
#define EDGECOMPRESS_TENSOR_ARENA_H_

#include <stddef.h>
#include <stdint.h>

// Where the arena is placed, such as __attribute__((section(".dtcm"))).
#ifndef TENSOR_ARENA_ATTRIBUTE
#define TENSOR_ARENA_ATTRIBUTE
#endif

// Smallest arena that AllocateTensors and Invoke accept on xtensa-lx7
// (esp-nn kernels, TFLM 90b983c2b3f1), estimated:
//   tiny: 672 bytes
constexpr size_t kTensorArenaMinBytes = 672;
// For another release of TFLM.
constexpr size_t kTensorArenaMarginBytes = 256;

constexpr size_t kTensorArenaSize =
    kTensorArenaMinBytes + kTensorArenaMarginBytes;

extern uint8_t g_tensor_arena[kTensorArenaSize];

#endif  // EDGECOMPRESS_TENSOR_ARENA_H_
