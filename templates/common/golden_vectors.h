// Inputs of the model {{ model.title | comment }},
// with the outputs the TFLM interpreter computes on the host.

#ifndef EDGECOMPRESS_{{ model.macro }}_GOLDEN_VECTORS_H_
#define EDGECOMPRESS_{{ model.macro }}_GOLDEN_VECTORS_H_

#include "self_test.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const SelfTestModel g_{{ model.prefix }}_self_test;

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGECOMPRESS_{{ model.macro }}_GOLDEN_VECTORS_H_
