// Self-test: runs every golden vector on the board. Replace it by your own
// application once it passes.

#include <zephyr/sys/printk.h>

{{ golden_headers | includes }}

static void PrintText(const char* text) { printk("%s", text); }

int main(void) {
{% include "common/run_self_tests.c" %}
  return 0;
}
