// Self-test: runs every golden vector on this machine. Replace it by your own
// application once it passes.

#include "console.h"
#include "tiny_golden_vectors.h"

int main(void) {
  size_t failed = 0;
  const SelfTestModel* model1 = &g_tiny_self_test;
  failed += RunSelfTest(model1, ConsolePrint, CycleCount);
  const size_t stack_bytes = StackUsedBytes();
  PrintNumber(ConsolePrint, "edgecompress: stack_used_bytes=", stack_bytes);
  ConsolePrint("\nedgecompress: result=");
  ConsolePrint(failed == 0 ? "PASS\n" : "FAIL\n");
  return failed == 0 ? 0 : 1;
}
