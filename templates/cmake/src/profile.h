{% if runtime == "c" %}
// Counts the clock cycles of every layer, for `edgecompress emulate --profile`:
// calls of kernels that come after this are timed and printed.

#ifndef EDGECOMPRESS_PROFILE_H_
#define EDGECOMPRESS_PROFILE_H_

#include <stdint.h>

#include "console.h"
#include "self_test.h"

static inline void PrintLayer(const char* kernel, const char* layer,
                              uint32_t counts) {
  PrintNumber(ConsolePrint, "profile: counts=", counts);
  ConsolePrint(" operator=");
  ConsolePrint(kernel);
  ConsolePrint("(");
  ConsolePrint(layer);
  ConsolePrint(")\n");
}

// A macro's own name within it is the function.
#define EC_PROFILED(kernel, layer, call)             \
  do {                                               \
    const uint32_t start = CycleCount();             \
    call;                                            \
    PrintLayer(kernel, layer, CycleCount() - start); \
  } while (0)

// clang-format off
{% for function in models | map(attribute="program.functions") | sum(start=()) | unique | sort %}
#define {{ function }}(layer, ...) \
  EC_PROFILED("{{ function }}", #layer, {{ function }}(layer, __VA_ARGS__))
{% endfor %}
// clang-format on

#endif  // EDGECOMPRESS_PROFILE_H_
{% endif %}
