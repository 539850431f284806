// Everything of tiny that a sketch needs.

#ifndef EDGECOMPRESS_TINY_H_
#define EDGECOMPRESS_TINY_H_

#include "tiny_model_runner.h"

#endif  // EDGECOMPRESS_TINY_H_
