// The TFLite model {{ model.title | comment }}, in flash.

#ifndef EDGECOMPRESS_{{ model.macro }}_MODEL_DATA_H_
#define EDGECOMPRESS_{{ model.macro }}_MODEL_DATA_H_

#include <stddef.h>
#include <stdint.h>

// Where the model is placed, such as __attribute__((section(".qspi"))).
#ifndef {{ model.macro }}_MODEL_DATA_ATTRIBUTE
#define {{ model.macro }}_MODEL_DATA_ATTRIBUTE
#endif

#ifdef __cplusplus
extern "C" {
#endif

extern const uint8_t g_{{ model.prefix }}_model_data[];
extern const size_t g_{{ model.prefix }}_model_data_size;
{% for tensor in model.inputs if tensor.is_by_feature %}

// What becomes of feature i of input {{ tensor.index }}, an element of its last axis, before it
// is quantized: (x - mean[i]) / std[i].
extern const float g_{{ model.prefix }}_input{{ tensor.index }}_mean[];
extern const float g_{{ model.prefix }}_input{{ tensor.index }}_std[];
{% endfor %}

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGECOMPRESS_{{ model.macro }}_MODEL_DATA_H_
