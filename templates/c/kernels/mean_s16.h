// Sums over axes of an int16 tensor, scaled: MEAN and SUM.

#ifndef EDGECOMPRESS_KERNELS_MEAN_S16_H_
#define EDGECOMPRESS_KERNELS_MEAN_S16_H_

#include <stdint.h>

enum { kEcMeanAxes = 4 };

// Axes, the innermost first; those that are not there have an extent of 1.
typedef struct {
  int32_t count;
  int32_t extents[kEcMeanAxes];
  int32_t strides[kEcMeanAxes];
} EcMeanAxes;

typedef struct {
  EcMeanAxes kept;
  EcMeanAxes summed;
  int32_t offset;  // the input's zero point, for a whole sum
  int32_t multiplier;
  int32_t shift;
  int32_t zero_point;  // of the output
} EcMeanS16Layer;

void EcMeanS16(const EcMeanS16Layer* layer, const int16_t* input,
               int16_t* output);

#endif  // EDGECOMPRESS_KERNELS_MEAN_S16_H_
