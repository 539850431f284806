// One sample through the model, its class printed: the code to copy.

#include <{{ project }}.h>

#include "{{ models[0].prefix }}_golden_vectors.h"

{% include "common/classify.inc" %}

void setup() {
  Serial.begin(115200);
  while (!Serial) {
  }
  Classify();
}

void loop() {}
