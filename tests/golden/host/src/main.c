// Self-test: runs every golden vector on this machine. Replace it by your own
// tests or simulation once it passes.

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "tiny_golden_vectors.h"

static void PrintText(const char* text) { fputs(text, stdout); }

// In microseconds; wraps, as the self-test expects.
static uint32_t CpuTime(void) {
  return (uint32_t)((uint64_t)clock() * 1000000u / (uint64_t)CLOCKS_PER_SEC);
}

int main(void) {
  size_t failed = 0;
  failed += RunSelfTest(&g_tiny_self_test, PrintText, CpuTime);
  PrintText("edgecompress: result=");
  PrintText(failed == 0 ? "PASS\n" : "FAIL\n");
  return failed == 0 ? 0 : 1;
}
