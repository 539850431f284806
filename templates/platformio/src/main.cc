// Self-test: runs every golden vector on the board. Replace it by your own
// application once it passes.

#include <Arduino.h>
{% if runtime == "tflm" %}
// PlatformIO finds TFLM by this header; another port has another.
#include <Chirale_TensorFlowLite.h>
{% endif %}

{{ golden_headers | includes }}

static void PrintText(const char* text) { Serial.print(text); }

void setup() {
  Serial.begin(115200);
  while (!Serial) {
  }
{% include "common/run_self_tests.c" %}
}

void loop() {}
