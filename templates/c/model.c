// The model {{ model.title | comment }} as calls of kernels,
// in the order they run. Weights and tables are in flash.

{% if model.program.states %}
#include <string.h>

{% endif %}
{{ (["arena.h", model.prefix ~ "_model_runner.h"] + (model.program.headers | list)) | includes }}
{% if framework == "cmake" %}

// Times the calls of kernels, in the image of `emulate --profile` alone.
#ifdef EDGECOMPRESS_PROFILE
#include "profile.h"
#endif
{% endif %}

// Where weights and tables are placed, such as
// __attribute__((section(".qspi"))).
#ifndef {{ model.macro }}_MODEL_DATA_ATTRIBUTE
#define {{ model.macro }}_MODEL_DATA_ATTRIBUTE
#endif

// clang-format off
{% for constant in model.program.constants %}
{{ model.macro }}_MODEL_DATA_ATTRIBUTE __attribute__((aligned({{ 8 if constant.ctype == "int64_t" else 4 }})))
static const {{ constant.ctype }} {{ constant.name }}[{{ constant.values | length }}] = {
{{ constant.values | numbers }}
};

{% endfor %}
{% for layer in model.program.layers %}
// {{ layer.comment | comment }}
static const {{ layer.type }} {{ layer.name }} = {
{% for value, field in layer.fields %}
    {{ value }},  // {{ field }}
{% endfor %}
};

{% endfor %}
// clang-format on
{% for tensor in model.inputs if tensor.is_by_feature %}
{% include "common/mean_and_std.inc" %}

{% endfor %}
{% if model.labels %}
const char* const g_{{ model.prefix }}_labels[] = {
{% for label in model.labels %}
    {{ label | c_string }},
{% endfor %}
};

{% endif %}
{% for state in model.program.states %}
// Lives from one inference to the next: {{ state.comment | comment }}
static {{ state.ctype }} {{ state.name }}[{{ state.length }}];

{% endfor %}
{% if models | length > 1 %}
// Its address says whose tensors are in the arena.
static const uint8_t kSelf = 0;
{% else %}
static uint8_t g_is_ready;
{% endif %}

{% if models | length > 1 %}
static int IsReady(void) { return g_tensor_arena_owner == &kSelf; }
{% else %}
static int IsReady(void) { return g_is_ready; }
{% endif %}

{% if model.program.states %}
static void ResetStates(void) {
  // clang-format off
{% for state in model.program.states %}
{% if state.first %}
  memcpy({{ state.name }}, {{ state.first }}, sizeof({{ state.name }}));
{% else %}
  memset({{ state.name }}, {{ state.byte }}, sizeof({{ state.name }}));
{% endif %}
{% endfor %}
  // clang-format on
}

{% endif %}
ModelStatus {{ model.prefix }}_init(void) {
{% if arena_place.on_heap %}
  if (!TakeTensorArena()) {
    return kModelErrorAllocate;
  }
{% endif %}
{% if model.program.states %}
  ResetStates();
{% endif %}
{% if models | length > 1 %}
  g_tensor_arena_owner = &kSelf;
{% else %}
  g_is_ready = 1;
{% endif %}
  return kModelOk;
}

ModelStatus {{ model.prefix }}_invoke(void) {
  if (!IsReady()) {
    return kModelErrorNotReady;
  }
{% if model.program.states and model.resets_itself %}
  ResetStates();
{% endif %}
  // clang-format off
{% for call in model.program.calls %}
  {{ call }}
{% endfor %}
  // clang-format on
  return kModelOk;
}

{% if model.stateful %}
ModelStatus {{ model.prefix }}_reset(void) {
  if (!IsReady()) {
    return kModelErrorNotReady;
  }
{% if model.program.states %}
  ResetStates();
{% endif %}
  return kModelOk;
}

{% endif %}
size_t {{ model.prefix }}_arena_used(void) {
  const size_t used = {{ model.program.arena_bytes }};
  return IsReady() ? used : 0;
}

void* {{ model.prefix }}_input(size_t index) {
  static const uint32_t kPlaces[] = { {{- model.program.input_offsets | join(", ") -}} };
  const int exists = index < {{ model.inputs | length }} && IsReady();
  return exists ? g_tensor_arena + kPlaces[index] : NULL;
}

const void* {{ model.prefix }}_output(size_t index) {
  static const uint32_t kPlaces[] = { {{- model.program.output_offsets | join(", ") -}} };
  const int exists = index < {{ model.outputs | length }} && IsReady();
  return exists ? g_tensor_arena + kPlaces[index] : NULL;
}
