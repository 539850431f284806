#include "arena.h"

__attribute__((aligned(16)))
TENSOR_ARENA_ATTRIBUTE uint8_t g_tensor_arena[kTensorArenaSize];
{% if models | length > 1 %}

const void* g_tensor_arena_owner = NULL;
{% endif %}
