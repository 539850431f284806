// Which values of a tensor are made one: those along some of its axes.

#ifndef EDGECOMPRESS_KERNELS_REDUCE_H_
#define EDGECOMPRESS_KERNELS_REDUCE_H_

#include <stdint.h>

enum { kEcReduceAxes = 3 };

// Axes of each kind, the outermost first; axes that lie side by side in memory
// are one.
typedef struct {
  int32_t kept[kEcReduceAxes];
  int32_t kept_strides[kEcReduceAxes];
  int32_t reduced[kEcReduceAxes];
  int32_t reduced_strides[kEcReduceAxes];
} EcReduce;

// A place along the axes of one kind; EcNextPlace returns 0 after the last.
typedef struct {
  int32_t index[kEcReduceAxes];
  int32_t place;
} EcReducePlace;

static inline int EcNextPlace(const int32_t* extents, const int32_t* strides,
                              EcReducePlace* at) {
  for (int32_t axis = kEcReduceAxes - 1; axis >= 0; --axis) {
    at->place += strides[axis];
    ++at->index[axis];
    if (at->index[axis] < extents[axis]) {
      return 1;
    }
    at->place -= strides[axis] * extents[axis];
    at->index[axis] = 0;
  }
  return 0;
}

#endif  // EDGECOMPRESS_KERNELS_REDUCE_H_
