#include "conv_mve.h"
#include "conv_s8.h"

#if defined(EC_HAS_MVE)
void EcConvPixelS8(const EcConvS8Layer* layer, const int8_t* input,
                   int8_t* output, int8_t* patch) {
  EcConvMve(layer, input, output, patch);
}
#else
#include "gather_s8.h"
#include "row.h"

static void ConvolveGroup(const EcConvS8Layer* layer, const int8_t* input,
                          int32_t first_channel, int8_t* output,
                          int8_t* bytes) {
  const int32_t pixels = layer->out_height * layer->out_width;
  const int32_t length =
      layer->kernel_height * layer->kernel_width * layer->group_channels;
  const EcPatch patch = {NULL, bytes, 0, 0};
  for (int32_t pixel = 0; pixel < pixels; ++pixel) {
    EcGather(layer, input, pixel, patch);
    EcRow(&layer->scales, layer->bias, layer->weights, bytes, (length + 3) & ~3,
          first_channel, layer->group_out_channels, output);
    output += layer->out_channels;
  }
}

void EcConvPixelS8(const EcConvS8Layer* layer, const int8_t* input,
                   int8_t* output, int8_t* patch) {
  for (int32_t channel = 0; channel < layer->out_channels;
       channel += layer->group_out_channels) {
    ConvolveGroup(layer, input, channel, output, patch);
    input += layer->group_channels;
  }
}
#endif
