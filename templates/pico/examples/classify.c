// One sample through the model, its class printed: the code to copy.

#include <stdio.h>

{{ ([models[0].prefix ~ "_golden_vectors.h", models[0].prefix ~ "_model_runner.h"] + ["pico/stdlib.h"]) | includes }}

{% include "common/classify.inc" %}

int main(void) {
  stdio_init_all();
  for (;;) {
    Classify();
    sleep_ms(1000);
  }
}
