// Everything of {{ title | comment }} that a sketch needs.

#ifndef EDGECOMPRESS_{{ project | upper }}_H_
#define EDGECOMPRESS_{{ project | upper }}_H_

{% if runtime == "tflm" %}
// The Arduino builder finds TFLM by this header; another port has another.
#include <Chirale_TensorFlowLite.h>

{% endif %}
{{ runner_headers | includes }}

#endif  // EDGECOMPRESS_{{ project | upper }}_H_
