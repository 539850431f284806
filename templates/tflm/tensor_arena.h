// The memory that TFLM works in{{ ", shared by all models of this firmware" if models | length > 1 }}.

#ifndef EDGECOMPRESS_TENSOR_ARENA_H_
#define EDGECOMPRESS_TENSOR_ARENA_H_

#include <stddef.h>
#include <stdint.h>

{% if not arena_place.on_heap %}
{% include "common/arena_attribute.inc" %}

{% endif %}
// Smallest arena that AllocateTensors and Invoke accept on {{ core }}
// ({{ kernels }} kernels, TFLM {{ tflm_commit[:12] }}), {{ arena.basis }}:
{% for model in models %}
//   {{ model.prefix }}: {{ model.arena.min_bytes }} bytes
{% endfor %}
constexpr size_t kTensorArenaMinBytes = {{ arena.min_bytes }};
// For another release of TFLM.
constexpr size_t kTensorArenaMarginBytes = {{ arena.margin_bytes }};

constexpr size_t kTensorArenaSize =
    kTensorArenaMinBytes + kTensorArenaMarginBytes;

{% if arena_place.on_heap %}
{% include "common/arena_heap.inc" %}
{% else %}
extern uint8_t g_tensor_arena[kTensorArenaSize];
{% endif %}
{% if models | length > 1 %}

// The runner whose tensors are in the arena now.
extern const void* g_tensor_arena_owner;
{% endif %}

#endif  // EDGECOMPRESS_TENSOR_ARENA_H_
