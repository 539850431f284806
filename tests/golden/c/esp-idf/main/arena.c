#include "arena.h"

__attribute__((aligned(16)))
TENSOR_ARENA_ATTRIBUTE uint8_t g_tensor_arena[kTensorArenaSize];
