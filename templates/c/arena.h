// The memory that the model{{ "s work" if models | length > 1 else " works" }} in{{ ", one at a time" if models | length > 1 }}.
{% for model in models %}
//
// {{ model.title | comment }}: {{ model.program.arena_bytes }} bytes.
// Calls are those of {{ model.prefix }}_model.c, -1 is before them.
//
//   bytes              calls      tensor
{% for row in model.program.arena_rows %}
//   {{ row }}
{% endfor %}
{% endfor %}

#ifndef EDGECOMPRESS_ARENA_H_
#define EDGECOMPRESS_ARENA_H_

#include <stddef.h>
#include <stdint.h>

{% if not arena_place.on_heap %}
{% include "common/arena_attribute.inc" %}

{% endif %}
#ifdef __cplusplus
extern "C" {
#endif

enum { kTensorArenaSize = {{ arena.min_bytes }} };

{% if arena_place.on_heap %}
{% include "common/arena_heap.inc" %}
{% else %}
extern uint8_t g_tensor_arena[kTensorArenaSize];
{% endif %}
{% if models | length > 1 %}

// The model whose tensors are in the arena now.
extern const void* g_tensor_arena_owner;
{% endif %}

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGECOMPRESS_ARENA_H_
