#include "{{ model.prefix }}_golden_vectors.h"

#include "{{ model.prefix }}_model_runner.h"

// {{ model.vectors.origin }}
// clang-format off
{% for tensor in model.inputs %}
static const {{ tensor.ctype }} kInput{{ tensor.index }}[{{ model.vectors.count }} * {{ tensor.elements }}] = {
{{ model.vectors.inputs[tensor.index] | numbers }}
};

{% endfor %}
{% for tensor in model.outputs %}
static const {{ tensor.ctype }} kOutput{{ tensor.index }}[{{ model.vectors.count }} * {{ tensor.elements }}] = {
{{ model.vectors.outputs[tensor.index] | numbers }}
};

{% endfor %}
static const GoldenTensor kInputs[] = {
{% for tensor in model.inputs %}
    {kInput{{ tensor.index }}, {{ tensor.elements }}, sizeof({{ tensor.ctype }}), {{ tensor.is_signed | int }}},
{% endfor %}
};

static const GoldenTensor kOutputs[] = {
{% for tensor in model.outputs %}
    {kOutput{{ tensor.index }}, {{ tensor.elements }}, sizeof({{ tensor.ctype }}), {{ tensor.is_signed | int }}},
{% endfor %}
};

const SelfTestModel g_{{ model.prefix }}_self_test = {
    "{{ model.prefix }}",
    {{ model.prefix }}_init,
    {{ model.prefix ~ "_reset" if model.starts_anew and not model.resets_itself else "NULL" }},
    {{ model.prefix }}_invoke,
    {{ model.prefix }}_arena_used,
    {{ model.prefix }}_input,
    {{ model.prefix }}_output,
    {{ model.vectors.count }},
    kInputs,
    {{ model.inputs | length }},
    kOutputs,
    {{ model.outputs | length }},
};
// clang-format on
