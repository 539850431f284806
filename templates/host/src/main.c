// Self-test: runs every golden vector on this machine. Replace it by your own
// tests or simulation once it passes.

#include <stdio.h>

{{ golden_headers | includes }}

static void PrintText(const char* text) { fputs(text, stdout); }

int main(void) {
{% include "common/run_self_tests.c" %}
  return failed == 0 ? 0 : 1;
}
