#include "copy.h"

#include <string.h>

void EcCopy(const EcCopyLayer* layer, const void* input, void* output) {
  const uint8_t* from = (const uint8_t*)input + layer->from;
  uint8_t* to = (uint8_t*)output + layer->to;
  int32_t index[kEcCopyAxes] = {0};
  int32_t axis;
  do {
    if (layer->bytes == 1) {
      *to = *from;
    } else {
      memcpy(to, from, (size_t)layer->bytes);
    }
    for (axis = kEcCopyAxes - 1; axis >= 0; --axis) {
      from += layer->from_strides[axis];
      to += layer->to_strides[axis];
      ++index[axis];
      if (index[axis] < layer->extents[axis]) {
        break;
      }
      from -= layer->from_strides[axis] * layer->extents[axis];
      to -= layer->to_strides[axis] * layer->extents[axis];
      index[axis] = 0;
    }
  } while (axis >= 0);
}
