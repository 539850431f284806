// The memory that TFLM works in{{ ", shared by all models of this firmware" if models | length > 1 }}.

#ifndef EDGECOMPRESS_TENSOR_ARENA_H_
#define EDGECOMPRESS_TENSOR_ARENA_H_

#include <stddef.h>
#include <stdint.h>

{% if arena_place.is_apart %}
// The arena is to go to {{ arena_place.memory.name | comment }}
// ({{ arena_place.memory.size_bytes }} bytes at {{ "0x%08X" % arena_place.memory.address }}): see README.md.
{% else %}
// Where the arena is placed, such as __attribute__((section(".dtcm"))).
{% endif %}
#ifndef TENSOR_ARENA_ATTRIBUTE
{% if arena_place.section %}
#define TENSOR_ARENA_ATTRIBUTE __attribute__((section({{ arena_place.section | c_string }})))
{% else %}
#define TENSOR_ARENA_ATTRIBUTE
{% endif %}
#endif

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

extern uint8_t g_tensor_arena[kTensorArenaSize];
{% if models | length > 1 %}

// The runner whose tensors are in the arena now.
extern const void* g_tensor_arena_owner;
{% endif %}

#endif  // EDGECOMPRESS_TENSOR_ARENA_H_
