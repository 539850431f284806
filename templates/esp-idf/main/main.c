// Self-test: runs every golden vector on the chip. Replace it by your own
// application once it passes.

#include <stdio.h>

{{ golden_headers | includes }}

static void PrintText(const char* text) { fputs(text, stdout); }

void app_main(void) {
{% include "common/run_self_tests.c" %}
}
