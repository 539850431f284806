// Picks slices of a tensor by their indices: GATHER, GATHER_ND and
// EMBEDDING_LOOKUP.

#ifndef EDGECOMPRESS_KERNELS_GATHER_H_
#define EDGECOMPRESS_KERNELS_GATHER_H_

#include <stdint.h>

typedef struct {
  int32_t batches;  // each with indices of its own
  int32_t outer;
  int32_t slices;  // of the input along the axis
  int32_t count;   // indices
  int32_t bytes;   // of a slice
} EcGatherLayer;

// An index beyond the axis picks the slice at its end.
void EcGather(const EcGatherLayer* layer, const uint8_t* input,
              const int32_t* indices, uint8_t* output);

#endif  // EDGECOMPRESS_KERNELS_GATHER_H_
