// The TFLite model tiny, in flash.

#ifndef EDGECOMPRESS_TINY_MODEL_DATA_H_
#define EDGECOMPRESS_TINY_MODEL_DATA_H_

#include <stddef.h>
#include <stdint.h>

// Where the model is placed, such as __attribute__((section(".qspi"))).
#ifndef TINY_MODEL_DATA_ATTRIBUTE
#define TINY_MODEL_DATA_ATTRIBUTE
#endif

#ifdef __cplusplus
extern "C" {
#endif

extern const uint8_t g_tiny_model_data[];
extern const size_t g_tiny_model_data_size;

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // EDGECOMPRESS_TINY_MODEL_DATA_H_
