// Runs every golden vector on the board and prints the result.

#include <{{ project }}.h>

{{ golden_headers | includes }}

void PrintText(const char* text) { Serial.print(text); }

void setup() {
  Serial.begin(115200);
  while (!Serial) {
  }
{% include "common/run_self_tests.c" %}
}

void loop() {}
