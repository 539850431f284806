// One sample through the model, its class printed: the code to copy.

#include <zephyr/sys/printk.h>

{{ ([models[0].prefix ~ "_golden_vectors.h", models[0].prefix ~ "_model_runner.h"]) | includes }}

{% include "common/classify.inc" %}

int main(void) {
  Classify();
  return 0;
}
