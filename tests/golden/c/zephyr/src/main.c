// Self-test: runs every golden vector on the board. Replace it by your own
// application once it passes.

#include <zephyr/sys/printk.h>

#include "tiny_golden_vectors.h"

static void PrintText(const char* text) { printk("%s", text); }

int main(void) {
  size_t failed = 0;
  failed += RunSelfTest(&g_tiny_self_test, PrintText, NULL);
  PrintText("edgecompress: result=");
  PrintText(failed == 0 ? "PASS\n" : "FAIL\n");
  return 0;
}
