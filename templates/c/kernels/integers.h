// Elements of tensors of any integer type.

#ifndef EDGECOMPRESS_KERNELS_INTEGERS_H_
#define EDGECOMPRESS_KERNELS_INTEGERS_H_

#include <stdint.h>

enum { kEcInt8, kEcUint8, kEcInt16, kEcInt32 };

static inline int32_t EcLoad(const void* values, int32_t type, int32_t i) {
  switch (type) {
    case kEcInt8:
      return ((const int8_t*)values)[i];
    case kEcUint8:
      return ((const uint8_t*)values)[i];
    case kEcInt16:
      return ((const int16_t*)values)[i];
    default:
      return ((const int32_t*)values)[i];
  }
}

// What does not fit is cut off.
static inline void EcStore(void* values, int32_t type, int32_t i,
                           int32_t value) {
  if (type == kEcInt32) {
    ((int32_t*)values)[i] = value;
  } else if (type == kEcInt16) {
    ((int16_t*)values)[i] = (int16_t)value;
  } else {
    ((uint8_t*)values)[i] = (uint8_t)value;
  }
}

#endif  // EDGECOMPRESS_KERNELS_INTEGERS_H_
