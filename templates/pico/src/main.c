// Self-test: runs every golden vector on the board, again and again. Replace
// it by your own application once it passes.

#include <stdio.h>

{{ (golden_headers + ["pico/stdlib.h"]) | includes }}

static void PrintText(const char* text) { fputs(text, stdout); }

static void RunSelfTests(void) {
{% include "common/run_self_tests.c" %}
}

int main(void) {
  stdio_init_all();
  for (;;) {
    RunSelfTests();
    sleep_ms(5000);
  }
}
