// How operators of two inputs walk through them where one is repeated.

#ifndef EDGECOMPRESS_KERNELS_BROADCAST_H_
#define EDGECOMPRESS_KERNELS_BROADCAST_H_

#include <stdint.h>

enum { kEcBroadcastAxes = 5 };

// Runs of `run` outputs; the inputs advance by step1 and step2 (0 or 1) within
// a run, and from run to run as the outer axes say.
typedef struct {
  int32_t run;
  int16_t step1;
  int16_t step2;
  int32_t extents[kEcBroadcastAxes];  // the outermost first
  int32_t strides1[kEcBroadcastAxes];
  int32_t strides2[kEcBroadcastAxes];
} EcBroadcast;

typedef struct {
  int32_t index[kEcBroadcastAxes];
  int32_t place1;
  int32_t place2;
} EcBroadcastPlace;

// Moves to the next run; 0 after the last.
static inline int EcNextRun(const EcBroadcast* shape, EcBroadcastPlace* place) {
  for (int32_t axis = kEcBroadcastAxes - 1; axis >= 0; --axis) {
    place->place1 += shape->strides1[axis];
    place->place2 += shape->strides2[axis];
    ++place->index[axis];
    if (place->index[axis] < shape->extents[axis]) {
      return 1;
    }
    place->place1 -= shape->strides1[axis] * shape->extents[axis];
    place->place2 -= shape->strides2[axis] * shape->extents[axis];
    place->index[axis] = 0;
  }
  return 0;
}

#endif  // EDGECOMPRESS_KERNELS_BROADCAST_H_
