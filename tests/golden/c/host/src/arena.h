// The memory that the model works in.
//
// tiny: 12 bytes.
// Calls are those of tiny_model.c, -1 is before them.
//
//   bytes              calls      tensor
//         0 to 7         -1 to 0    input
//         8 to 10         0 to 1    scores

#ifndef EDGECOMPRESS_ARENA_H_
#define EDGECOMPRESS_ARENA_H_

#include <stddef.h>
#include <stdint.h>

// Where the arena is placed, such as __attribute__((section(".dtcm"))).
#ifndef TENSOR_ARENA_ATTRIBUTE
#define TENSOR_ARENA_ATTRIBUTE
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum { kTensorArenaSize = 12 };

extern uint8_t g_tensor_arena[kTensorArenaSize];

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGECOMPRESS_ARENA_H_
