// One sample through the model, its class printed: the code to copy.

#include <Arduino.h>
{% if runtime == "tflm" %}
#include <Chirale_TensorFlowLite.h>
{% endif %}

{{ [models[0].prefix ~ "_golden_vectors.h", models[0].prefix ~ "_model_runner.h"] | includes }}

{% include "common/classify.inc" %}

void setup() {
  Serial.begin(115200);
  while (!Serial) {
  }
  Classify();
}

void loop() {}
