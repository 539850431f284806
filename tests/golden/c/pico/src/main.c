// Self-test: runs every golden vector on the board, again and again. Replace
// it by your own application once it passes.

#include <stdio.h>

#include "pico/stdlib.h"
#include "tiny_golden_vectors.h"

static void PrintText(const char* text) { fputs(text, stdout); }

static void RunSelfTests(void) {
  size_t failed = 0;
  failed += RunSelfTest(&g_tiny_self_test, PrintText, NULL);
  PrintText("edgecompress: result=");
  PrintText(failed == 0 ? "PASS\n" : "FAIL\n");
}

int main(void) {
  stdio_init_all();
  for (;;) {
    RunSelfTests();
    sleep_ms(5000);
  }
}
