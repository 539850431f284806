// Self-test: runs every golden vector on this machine. Replace it by your own
// tests or simulation once it passes.

#include <stdio.h>

#include "tiny_golden_vectors.h"

static void PrintText(const char* text) { fputs(text, stdout); }

int main(void) {
  size_t failed = 0;
  failed += RunSelfTest(&g_tiny_self_test, PrintText, NULL);
  PrintText("edgecompress: result=");
  PrintText(failed == 0 ? "PASS\n" : "FAIL\n");
  return failed == 0 ? 0 : 1;
}
