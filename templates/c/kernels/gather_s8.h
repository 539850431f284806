// What an output pixel of a convolution depends on, copied to a patch.

#ifndef EDGECOMPRESS_KERNELS_GATHER_S8_H_
#define EDGECOMPRESS_KERNELS_GATHER_S8_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "block.h"
#include "conv_s8.h"

// Where the next part of a patch goes: to a pixel of a block, or to bytes.
typedef struct {
  const EcBlock* block;
  int8_t* bytes;  // or null
  int32_t pixel;
  int32_t place;
} EcPatch;

static EC_OUT_OF_LINE void EcPut(EcPatch* patch, const int8_t* values,
                                 int32_t count) {
  if (count <= 0) {
    return;
  }
  if (patch->bytes != NULL) {
    memcpy(patch->bytes + patch->place, values, (size_t)count);
  } else {
    EcPutPart(patch->block, patch->pixel, patch->place, values, count);
  }
  patch->place += count;
}

// Rows of the kernel whose inputs lie side by side, borders filled.
static inline void EcPutRows(const EcConvS8Layer* layer, const int8_t* input,
                             int32_t top, int32_t left, EcPatch* patch) {
  const int32_t channels = layer->in_channels;
  const int32_t width = layer->kernel_width;
  const int32_t begin = EcClamp(-left, 0, width);
  const int32_t end = EcClamp(layer->in_width - left, begin, width);
  const int32_t row_bytes = layer->in_width * channels;
  int32_t place = top * row_bytes + (left + begin) * channels;
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    if (top >= 0 && top < layer->in_height) {
      EcPut(patch, layer->border, begin * channels);
      EcPut(patch, input + place, (end - begin) * channels);
      EcPut(patch, layer->border, (width - end) * channels);
    } else {
      EcPut(patch, layer->border, width * channels);
    }
    top += layer->dilation_height;
    place += layer->dilation_height * row_bytes;
  }
}

// Rows whose inputs lie apart: dilated, or of a group.
static inline void EcPutPixels(const EcConvS8Layer* layer, const int8_t* input,
                               int32_t top, int32_t left, EcPatch* patch) {
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    const int32_t y = top + ky * layer->dilation_height;
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      const int32_t x = left + kx * layer->dilation_width;
      const int is_inside =
          y >= 0 && y < layer->in_height && x >= 0 && x < layer->in_width;
      const int32_t place = (y * layer->in_width + x) * layer->in_channels;
      EcPut(patch, is_inside ? input + place : layer->border,
            layer->group_channels);
    }
  }
}

// Copies what the kernel sees for a pixel of the output.
static EC_OUT_OF_LINE void EcGather(const EcConvS8Layer* layer,
                                    const int8_t* input, int32_t pixel,
                                    EcPatch patch) {
  if (layer->is_pointwise != 0) {
    EcPut(&patch, input + pixel * layer->in_channels, layer->in_channels);
    return;
  }
  const int32_t y = pixel / layer->out_width;
  const int32_t x = pixel - y * layer->out_width;
  const int32_t top = y * layer->stride_height - layer->pad_top;
  const int32_t left = x * layer->stride_width - layer->pad_left;
  if (layer->dilation_width == 1 &&
      layer->group_channels == layer->in_channels) {
    EcPutRows(layer, input, top, left, &patch);
  } else {
    EcPutPixels(layer, input, top, left, &patch);
  }
}

#endif  // EDGECOMPRESS_KERNELS_GATHER_S8_H_
