// Self-test: runs every golden vector on this machine. Replace it by your own
// application once it passes.

{{ (["console.h"] + golden_headers) | includes }}

{% if runtime == "tflm" %}
// Where TFLM's Cortex-M library prints its messages, if it was built with them.
void RegisterDebugLogCallback(void (*print)(const char* text))
    __attribute__((weak));

{% endif %}
int main(void) {
{% if runtime == "tflm" %}
  if (RegisterDebugLogCallback) {
    RegisterDebugLogCallback(ConsolePrint);
  }
{% endif %}
  size_t failed = 0;
{% for model in models %}
  const SelfTestModel* model{{ loop.index }} = &g_{{ model.prefix }}_self_test;
  failed += RunSelfTest(model{{ loop.index }}, ConsolePrint, CycleCount);
{% endfor %}
  const size_t stack_bytes = StackUsedBytes();
  PrintNumber(ConsolePrint, "edgecompress: stack_used_bytes=", stack_bytes);
  ConsolePrint("\nedgecompress: result=");
  ConsolePrint(failed == 0 ? "PASS\n" : "FAIL\n");
  return failed == 0 ? 0 : 1;
}
