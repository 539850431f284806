// Runs the model {{ model.title | comment }}{{ " with TFLM" if runtime == "tflm" }}.
//
// Initialize once, fill the input, invoke, read the output. Callable from C and
// C++. Memory is static; nothing here may run in two threads at once.
{% if models | length > 1 %}
// The models of this firmware share one arena: initializing one ends the other.
{% endif %}

#ifndef EDGECOMPRESS_{{ model.macro }}_MODEL_RUNNER_H_
#define EDGECOMPRESS_{{ model.macro }}_MODEL_RUNNER_H_

{% if (model.inputs + model.outputs) | selectattr("ctype", "equalto", "bool") | list %}
#include <stdbool.h>
{% endif %}
#include <stddef.h>
#include <stdint.h>

{% if runtime == "tflm" and model.inputs | selectattr("is_by_feature") | list %}
#include "{{ model.prefix }}_model_data.h"
{% endif %}
#include "model_status.h"
#include "quantization.h"

#define {{ model.macro }}_GENERATOR "edgecompress {{ version }}"
#define {{ model.macro }}_MODEL_SHA256 \
  "{{ model.sha256 }}"

{% for tensor in model.inputs + model.outputs %}
// {{ tensor.role | capitalize }} {{ tensor.index }}: {{ tensor.type }} {{ tensor.shape | join("x") }}
// {{ tensor.name | comment }}
#define {{ model.macro }}_{{ tensor.macro }}_ELEMENTS {{ tensor.elements }}
{% if tensor.scale is not none %}
#define {{ model.macro }}_{{ tensor.macro }}_SCALE {{ tensor.scale | float_literal }}
#define {{ model.macro }}_{{ tensor.macro }}_ZERO_POINT ({{ tensor.zero_point }})
{% if tensor.is_by_feature %}
#define {{ model.macro }}_{{ tensor.macro }}_FEATURES {{ tensor.mean | length }}
{% elif tensor.mean %}
// A real value x becomes (x - mean) / std before it is quantized.
#define {{ model.macro }}_{{ tensor.macro }}_MEAN ({{ tensor.mean[0] | float_literal }})
#define {{ model.macro }}_{{ tensor.macro }}_STD ({{ tensor.std[0] | float_literal }})
{% endif %}
{% endif %}

{% endfor %}
{% if model.labels %}
#define {{ model.macro }}_LABEL_COUNT {{ model.labels | length }}

{% endif %}
#ifdef __cplusplus
extern "C" {
#endif

{% if model.labels %}
// The classes, in the order of the output's elements.
extern const char* const g_{{ model.prefix }}_labels[];

{% endif %}
{% if runtime == "tflm" %}
// Builds the interpreter and plans the arena; again, to start anew.
{% else %}
// Makes the model ready; again, to start anew.
{% endif %}
ModelStatus {{ model.prefix }}_init(void);

{% if model.resets_itself %}
// Runs one inference, on a whole sequence: it starts from the first state of
// the LSTM and knows nothing of the inference before.
{% else %}
// Runs one inference.
{% endif %}
ModelStatus {{ model.prefix }}_invoke(void);

{% if model.stateful %}
// Forgets what the model remembers of the inferences before.
{% if model.resets_itself %}
// Each inference does so by itself.
{% elif model.starts_anew and runtime == "tflm" %}
// Call it before each sequence: some kernels of the LSTM keep their state from
// one inference to the next, and CMSIS-NN's do not.
{% endif %}
ModelStatus {{ model.prefix }}_reset(void);

{% endif %}
// Bytes of the arena in use{{ ", as TFLM counts them" if runtime == "tflm" }}; 0 before init.
size_t {{ model.prefix }}_arena_used(void);

// The data of an input or output tensor, in the arena; valid after init. Null
// before it, and for an index that the model does not have.
void* {{ model.prefix }}_input(size_t index);
const void* {{ model.prefix }}_output(size_t index);
{% if runtime == "c" %}
{% for tensor in model.inputs if tensor.is_by_feature %}

// What becomes of feature i of input {{ tensor.index }}, an element of its last axis, before it
// is quantized: (x - mean[i]) / std[i].
extern const float g_{{ model.prefix }}_input{{ tensor.index }}_mean[];
extern const float g_{{ model.prefix }}_input{{ tensor.index }}_std[];
{% endfor %}
{% endif %}

#ifdef __cplusplus
}  // extern "C"
#endif

{% for tensor in model.inputs %}
static inline {{ tensor.ctype }}* {{ model.prefix }}_input{{ tensor.index }}(void) {
  void* data = {{ model.prefix }}_input({{ tensor.index }});
  return ({{ tensor.ctype }}*)data;
}

{% if tensor.scale is not none %}
{% if tensor.is_by_feature %}
// Normalizes and quantizes a value of feature i, its index along the last axis.
static inline {{ tensor.ctype }} {{ model.prefix }}_quantize{{ tensor.index }}(float real, size_t i) {
{% else %}
static inline {{ tensor.ctype }} {{ model.prefix }}_quantize{{ tensor.index }}(float real) {
{% endif %}
  const float scale = {{ model.macro }}_{{ tensor.macro }}_SCALE;
  const int32_t zero_point = {{ model.macro }}_{{ tensor.macro }}_ZERO_POINT;
{% if tensor.is_by_feature %}
  const float mean = g_{{ model.prefix }}_input{{ tensor.index }}_mean[i];
  const float deviation = g_{{ model.prefix }}_input{{ tensor.index }}_std[i];
{% elif tensor.mean %}
  const float mean = {{ model.macro }}_{{ tensor.macro }}_MEAN;
  const float deviation = {{ model.macro }}_{{ tensor.macro }}_STD;
{% endif %}
{% if tensor.mean %}
  const float value = (real - mean) / deviation;
  return ({{ tensor.ctype }})QuantizeValue(value, scale, zero_point, {{ tensor.low }}, {{ tensor.high }});
{% else %}
  return ({{ tensor.ctype }})QuantizeValue(real, scale, zero_point, {{ tensor.low }}, {{ tensor.high }});
{% endif %}
}

// Fills input {{ tensor.index }} with a whole sample of real values.
static inline ModelStatus {{ model.prefix }}_set_input{{ tensor.index }}(const float* values) {
  {{ tensor.ctype }}* data = {{ model.prefix }}_input{{ tensor.index }}();
  if (!data) {
    return kModelErrorNotReady;
  }
  if (!values) {
    return kModelErrorArgument;
  }
  for (size_t i = 0; i < {{ model.macro }}_{{ tensor.macro }}_ELEMENTS; ++i) {
{% if tensor.is_by_feature %}
    const size_t feature = i % {{ model.macro }}_{{ tensor.macro }}_FEATURES;
    data[i] = {{ model.prefix }}_quantize{{ tensor.index }}(values[i], feature);
{% else %}
    data[i] = {{ model.prefix }}_quantize{{ tensor.index }}(values[i]);
{% endif %}
  }
  return kModelOk;
}

{% endif %}
{% endfor %}
{% for tensor in model.outputs %}
static inline const {{ tensor.ctype }}* {{ model.prefix }}_output{{ tensor.index }}(void) {
  const void* data = {{ model.prefix }}_output({{ tensor.index }});
  return (const {{ tensor.ctype }}*)data;
}

{% if tensor.scale is not none %}
static inline float {{ model.prefix }}_dequantize{{ tensor.index }}({{ tensor.ctype }} quantized) {
  const float scale = {{ model.macro }}_{{ tensor.macro }}_SCALE;
  const int32_t zero_point = {{ model.macro }}_{{ tensor.macro }}_ZERO_POINT;
  return DequantizeValue(quantized, scale, zero_point);
}

{% endif %}
{% endfor %}
{% if model.tensors_by_name %}
// The same by the names of the model's layers.
{% for name, tensor in model.tensors_by_name %}
{% if tensor.role == "input" %}
static inline {{ tensor.ctype }}* {{ model.prefix }}_input_{{ name }}(void) {
  {{ tensor.ctype }}* data = {{ model.prefix }}_input{{ tensor.index }}();
  return data;
}

{% if tensor.scale is not none %}
static inline ModelStatus {{ model.prefix }}_set_input_{{ name }}(const float* values) {
  const ModelStatus status = {{ model.prefix }}_set_input{{ tensor.index }}(values);
  return status;
}

{% endif %}
{% else %}
static inline const {{ tensor.ctype }}* {{ model.prefix }}_output_{{ name }}(void) {
  const {{ tensor.ctype }}* data = {{ model.prefix }}_output{{ tensor.index }}();
  return data;
}

{% if tensor.scale is not none %}
static inline float {{ model.prefix }}_dequantize_{{ name }}({{ tensor.ctype }} quantized) {
  const float real = {{ model.prefix }}_dequantize{{ tensor.index }}(quantized);
  return real;
}

{% endif %}
{% endif %}
{% endfor %}
{% endif %}
#ifdef __cplusplus
{% if runtime == "tflm" %}
namespace tflite {
class MicroProfilerInterface;
}  // namespace tflite

{% endif %}
namespace {{ model.prefix }} {

// The same for C++{{ ", with a hook for a profiler" if runtime == "tflm" }}.
class ModelRunner {
 public:
{% if runtime == "tflm" %}
  static ModelStatus Init(tflite::MicroProfilerInterface* profiler = nullptr);
{% else %}
  static ModelStatus Init() { return {{ model.prefix }}_init(); }
{% endif %}
  static ModelStatus Invoke() { return {{ model.prefix }}_invoke(); }
  static size_t ArenaUsed() { return {{ model.prefix }}_arena_used(); }
{% for tensor in model.inputs %}
  static {{ tensor.ctype }}* input{{ tensor.index }}() { return {{ model.prefix }}_input{{ tensor.index }}(); }
{% endfor %}
{% for tensor in model.outputs %}
  static const {{ tensor.ctype }}* output{{ tensor.index }}() { return {{ model.prefix }}_output{{ tensor.index }}(); }
{% endfor %}
};

}  // namespace {{ model.prefix }}
#endif  // __cplusplus

#endif  // EDGECOMPRESS_{{ model.macro }}_MODEL_RUNNER_H_
