#include "arena.h"

{% if arena_place.on_heap %}
#include <esp_heap_caps.h>

{% set null, cast = "NULL", "(uint8_t*)taken" %}
{% include "common/arena_taken.inc" %}
{% else %}
__attribute__((aligned(16)))
TENSOR_ARENA_ATTRIBUTE uint8_t g_tensor_arena[kTensorArenaSize];
{% endif %}
{% if models | length > 1 %}

const void* g_tensor_arena_owner = NULL;
{% endif %}
