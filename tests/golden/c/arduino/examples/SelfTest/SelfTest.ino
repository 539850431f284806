// Runs every golden vector on the board and prints the result.

#include <tiny.h>

#include "tiny_golden_vectors.h"

void PrintText(const char* text) { Serial.print(text); }

void setup() {
  Serial.begin(115200);
  while (!Serial) {
  }
  size_t failed = 0;
  failed += RunSelfTest(&g_tiny_self_test, PrintText, NULL);
  PrintText("edgecompress: result=");
  PrintText(failed == 0 ? "PASS\n" : "FAIL\n");
}

void loop() {}
