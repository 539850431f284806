// Everything of tiny that a sketch needs.

#ifndef EDGECOMPRESS_TINY_H_
#define EDGECOMPRESS_TINY_H_

// The Arduino builder finds TFLM by this header; another port has another.
#include <Chirale_TensorFlowLite.h>

#include "tiny_model_runner.h"

#endif  // EDGECOMPRESS_TINY_H_
