// Inputs of the model tiny,
// with the outputs the TFLM interpreter computes on the host.

#ifndef EDGECOMPRESS_TINY_GOLDEN_VECTORS_H_
#define EDGECOMPRESS_TINY_GOLDEN_VECTORS_H_

#include "self_test.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const SelfTestModel g_tiny_self_test;

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGECOMPRESS_TINY_GOLDEN_VECTORS_H_
