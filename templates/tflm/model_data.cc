#include "{{ model.prefix }}_model_data.h"

// The flatbuffer is read in place: TFLM needs it aligned to 16 bytes.
// clang-format off
alignas(16) {{ model.macro }}_MODEL_DATA_ATTRIBUTE
const uint8_t g_{{ model.prefix }}_model_data[{{ model.content | length }}] = {
{{ model.content | hex_bytes }}
};
// clang-format on

const size_t g_{{ model.prefix }}_model_data_size = {{ model.content | length }};
{% for tensor in model.inputs if tensor.is_by_feature %}

{% include "common/mean_and_std.inc" %}
{% endfor %}
