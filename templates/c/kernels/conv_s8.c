#include "conv_s8.h"

#include "conv_mve.h"

#if defined(EC_HAS_MVE)
void EcConvS8(const EcConvS8Layer* layer, const int8_t* input, int8_t* output,
              uint8_t* scratch) {
  EcConvMve(layer, input, output, (int8_t*)scratch);
}
#else
#include <stddef.h>

#include "block.h"

// Where the next part of a patch goes.
typedef struct {
  const EcBlock* block;
  int32_t pixel;
  int32_t place;
} Patch;

static void Put(Patch* patch, const int8_t* values, int32_t count) {
  if (count > 0) {
    EcPutPart(patch->block, patch->pixel, patch->place, values, count);
    patch->place += count;
  }
}

// Rows of the kernel whose inputs lie side by side, borders filled.
static void PutRows(const EcConvS8Layer* layer, const int8_t* input,
                    int32_t top, int32_t left, Patch* patch) {
  const int32_t channels = layer->in_channels;
  const int32_t width = layer->kernel_width;
  const int32_t begin = EcClamp(-left, 0, width);
  const int32_t end = EcClamp(layer->in_width - left, begin, width);
  const int32_t row_bytes = layer->in_width * channels;
  int32_t place = top * row_bytes + (left + begin) * channels;
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    if (top >= 0 && top < layer->in_height) {
      Put(patch, layer->border, begin * channels);
      Put(patch, input + place, (end - begin) * channels);
      Put(patch, layer->border, (width - end) * channels);
    } else {
      Put(patch, layer->border, width * channels);
    }
    top += layer->dilation_height;
    place += layer->dilation_height * row_bytes;
  }
}

// Rows whose inputs lie apart: dilated, or of a group.
static void PutPixels(const EcConvS8Layer* layer, const int8_t* input,
                      int32_t top, int32_t left, Patch* patch) {
  for (int32_t ky = 0; ky < layer->kernel_height; ++ky) {
    const int32_t y = top + ky * layer->dilation_height;
    for (int32_t kx = 0; kx < layer->kernel_width; ++kx) {
      const int32_t x = left + kx * layer->dilation_width;
      const int is_inside =
          y >= 0 && y < layer->in_height && x >= 0 && x < layer->in_width;
      const int32_t place = (y * layer->in_width + x) * layer->in_channels;
      Put(patch, is_inside ? input + place : layer->border,
          layer->group_channels);
    }
  }
}

// Copies what the kernel sees at (y, x) of the output to a patch.
static void Gather(const EcConvS8Layer* layer, const int8_t* input, int32_t y,
                   int32_t x, const EcBlock* block, int32_t pixel) {
  const int32_t top = y * layer->stride_height - layer->pad_top;
  const int32_t left = x * layer->stride_width - layer->pad_left;
  Patch patch = {block, pixel, 0};
  if (layer->dilation_width == 1 &&
      layer->group_channels == layer->in_channels) {
    PutRows(layer, input, top, left, &patch);
  } else {
    PutPixels(layer, input, top, left, &patch);
  }
  EcEndPatch(block, pixel);
}

// Computes the channels of a group for the pixels of a block.
static void Multiply(const EcConvS8Layer* layer, const EcBlock* block,
                     int32_t first_channel, int32_t count, int8_t* output) {
  const int32_t end = first_channel + layer->group_out_channels;
  const int32_t step = layer->out_channels;
  const int8_t* weights = layer->weights + first_channel * block->patch;
  for (int32_t channel = first_channel; channel < end; ++channel) {
    const EcFourSums sums = EcDotBlock(block, weights, layer->bias[channel]);
    const int32_t of[] = {sums.of0, sums.of1, sums.of2, sums.of3};
    for (int32_t i = 0; i < count; ++i) {
      output[channel + i * step] = EcOutputS8(&layer->scales, channel, of[i]);
    }
    weights += block->patch;
  }
}

// The same for four pixels of a plain layer, whose loop has all registers.
static EC_OUT_OF_LINE void MultiplyPlain(const EcConvS8Layer* layer,
                                         const EcBlock* block,
                                         int32_t first_channel,
                                         int8_t* output) {
  const int32_t ends = 2 * layer->scales.zero_point + 1;
  const int32_t* multiplier = layer->scales.multipliers + first_channel;
  const int8_t* shift = layer->scales.shifts + first_channel;
  const int32_t* bias = layer->bias + first_channel;
  const int32_t step = layer->out_channels;
  const uint8_t* const values = block->values;
  const int32_t patch = block->patch;
  const int8_t* weights = layer->weights + first_channel * patch;
  int8_t* to = output + first_channel;
  const int8_t* const end = to + layer->group_out_channels;
  while (to != end) {
    const EcFourSums sums = EcDotFour(values, patch, weights, *bias++);
    const int32_t scale = *multiplier++;
    const int32_t right = *shift++;
    to[0] = EcPlainOutput(sums.of0, scale, right, ends);
    to[step] = EcPlainOutput(sums.of1, scale, right, ends);
    to[2 * step] = EcPlainOutput(sums.of2, scale, right, ends);
    to[3 * step] = EcPlainOutput(sums.of3, scale, right, ends);
    weights += patch;
    ++to;
  }
  for (int32_t pixel = 0; pixel < kEcBlockPixels; ++pixel) {
    EcClampRow(&layer->scales, output + pixel * step + first_channel,
               layer->group_out_channels);
  }
}

static void GatherBlock(const EcConvS8Layer* layer, const int8_t* input,
                        int32_t first, int32_t count, const EcBlock* block) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t pixel = first + i;
    if (layer->is_pointwise != 0) {
      const int32_t channels = layer->in_channels;
      EcPutPart(block, i, 0, input + pixel * channels, channels);
      EcEndPatch(block, i);
    } else {
      const int32_t y = pixel / layer->out_width;
      Gather(layer, input, y, pixel - y * layer->out_width, block, i);
    }
  }
}

static void ConvolveGroup(const EcConvS8Layer* layer, const EcBlock* block,
                          const int8_t* input, int32_t first_channel,
                          int8_t* output) {
  const int32_t pixels = layer->out_height * layer->out_width;
  for (int32_t done = 0; done < pixels; done += block->pixels) {
    const int32_t count = EcMin(block->pixels, pixels - done);
    GatherBlock(layer, input, done, count, block);
    if (count == kEcBlockPixels && layer->scales.kind != kEcAnyScales) {
      MultiplyPlain(layer, block, first_channel, output);
    } else {
      Multiply(layer, block, first_channel, count, output);
    }
    output += count * layer->out_channels;
  }
}

void EcConvS8(const EcConvS8Layer* layer, const int8_t* input, int8_t* output,
              uint8_t* scratch) {
  const int32_t length =
      layer->kernel_height * layer->kernel_width * layer->group_channels;
  EcBlock block = {scratch, NULL, (length + 3) & ~3, layer->block_pixels};
  if (layer->group_channels % 4 != 0) {
    block.staged = (int8_t*)scratch + 2 * block.patch * block.pixels;
  }
  for (int32_t channel = 0; channel < layer->out_channels;
       channel += layer->group_out_channels) {
    ConvolveGroup(layer, &block, input, channel, output);
    input += layer->group_channels;
  }
}
#endif
