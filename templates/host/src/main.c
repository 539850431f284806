// Self-test: runs every golden vector on this machine. Replace it by your own
// tests or simulation once it passes.

#include <stdint.h>
#include <stdio.h>
#include <time.h>

{{ golden_headers | includes }}

static void PrintText(const char* text) { fputs(text, stdout); }

// In microseconds; wraps, as the self-test expects.
static uint32_t CpuTime(void) {
  return (uint32_t)((uint64_t)clock() * 1000000u / (uint64_t)CLOCKS_PER_SEC);
}

int main(void) {
{% set count = "CpuTime" %}
{% include "common/run_self_tests.c" %}
  return failed == 0 ? 0 : 1;
}
