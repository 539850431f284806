#include "conv_s8.h"

#include "conv_mve.h"

#if defined(EC_HAS_MVE)
void EcConvS8(const EcConvS8Layer* layer, const int8_t* input, int8_t* output,
              uint8_t* scratch) {
  EcConvMve(layer, input, output, (int8_t*)scratch);
}
#else
#include "gather_s8.h"

// Computes the channels of a group for the pixels of a block.
static void Multiply(const EcConvS8Layer* layer, const EcBlock* block,
                     int32_t first_channel, int32_t count, int8_t* output) {
  const int32_t end = first_channel + layer->group_out_channels;
  const int32_t step = layer->out_channels;
  const int8_t* weights = layer->weights + first_channel * block->patch;
  for (int32_t channel = first_channel; channel < end; ++channel) {
    const EcFourSums sums =
        EcDotAny(block->values, block->patch, weights, layer->bias[channel]);
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

// Gathers the patches of `count` pixels. Cores that take parts of four values
// only have each patch as `bytes` first, if its parts are others.
static void GatherBlock(const EcConvS8Layer* layer, const int8_t* input,
                        int32_t first, int32_t count, const EcBlock* block) {
  // Not read on other cores. NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores)
  int8_t* const behind =
      (int8_t*)block->values + 2 * block->patch * kEcBlockPixels;
  const int by_bytes = EC_PARTS_OF_FOUR && layer->group_channels % 4 != 0;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t pixel = first + i;
    if (by_bytes) {
      const EcPatch patch = {block, behind, i, 0};
      EcGather(layer, input, pixel, patch);
      EcPutPart(block, i, 0, behind, block->patch);
    } else if (layer->is_pointwise != 0) {
      const int32_t channels = layer->in_channels;
      EcPutPart(block, i, 0, input + pixel * channels, channels);
    } else {
      const EcPatch patch = {block, NULL, i, 0};
      EcGather(layer, input, pixel, patch);
    }
  }
}

static void ConvolveGroup(const EcConvS8Layer* layer, const EcBlock* block,
                          const int8_t* input, int32_t first_channel,
                          int8_t* output) {
  const int32_t pixels = layer->out_height * layer->out_width;
  for (int32_t done = 0; done < pixels; done += kEcBlockPixels) {
    const int32_t count = EcMin(kEcBlockPixels, pixels - done);
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
  const EcBlock block = {scratch, (length + 3) & ~3};
  for (int32_t channel = 0; channel < layer->out_channels;
       channel += layer->group_out_channels) {
    ConvolveGroup(layer, &block, input, channel, output);
    input += layer->group_channels;
  }
}
#endif
