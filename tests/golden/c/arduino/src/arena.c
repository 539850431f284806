// Arduino's builder takes no options for the sources of a library.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2")
#endif

#include "arena.h"

__attribute__((aligned(16)))
TENSOR_ARENA_ATTRIBUTE uint8_t g_tensor_arena[kTensorArenaSize];
