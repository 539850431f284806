#include "add.h"
#include "add_mve.h"
#include "common_scale.h"
#include "requantize.h"

static void Run(const EcAddLayer* layer, const int8_t* input1,
                const int8_t* input2, int8_t* output) {
  int32_t i = 0;
#if defined(EC_HAS_MVE)
  if (layer->shape.step1 == 1 && layer->shape.step2 == 1) {
    i = EcAddFoursMve(layer, input1, input2, output);
    input1 += i;
    input2 += i;
  }
#endif
  for (; i < layer->shape.run; ++i) {
    const int32_t sum =
        EcToCommonScale(*input1 + layer->offset1, layer->left_shift,
                        layer->multiplier1, layer->shift1) +
        layer->sign2 * EcToCommonScale(*input2 + layer->offset2,
                                       layer->left_shift, layer->multiplier2,
                                       layer->shift2);
    const int32_t scaled = EcRequantize(sum, layer->multiplier, layer->shift);
    output[i] =
        (int8_t)EcClamp(scaled + layer->zero_point, layer->low, layer->high);
    input1 += layer->shape.step1;
    input2 += layer->shape.step2;
  }
}

// An input, brought to the scale of both by a shift of 0 or more to the right.
typedef struct {
  int32_t offset;
  int32_t left_shift;
  int32_t multiplier;
  int32_t shift;
  int32_t half;  // of the last place that is kept
  int32_t mask;  // of the correction for negative values; none without a shift
} Term;

static Term TermOf(const EcAddLayer* layer, int32_t offset, int32_t multiplier,
                   int32_t shift) {
  const int is_shifted = shift < 0;
  const Term term = {offset,
                     layer->left_shift,
                     multiplier,
                     -shift,
                     is_shifted ? EcShiftLeft(1, -shift - 1) : 0,
                     is_shifted ? -1 : 0};
  return term;
}

static EC_INLINE int32_t Scaled(const Term* term, int32_t value) {
  const int32_t raised = EcShiftLeft(value + term->offset, term->left_shift);
  const int32_t product = EcDoubledHighMul(raised, term->multiplier);
  const int32_t correction = (product >> 31) & term->mask;
  return (product + correction + term->half) >> term->shift;
}

// What a plain layer computes where no input is repeated within the run.
static void RunPlain(const EcAddLayer* layer, const int8_t* input1,
                     const int8_t* input2, int8_t* output) {
  const Term one =
      TermOf(layer, layer->offset1, layer->multiplier1, layer->shift1);
  const Term two =
      TermOf(layer, layer->offset2, layer->multiplier2, layer->shift2);
  const int32_t multiplier = layer->multiplier;
  const int32_t shift = -layer->shift;
  const int32_t ends = 2 * layer->zero_point + 1;
  const int32_t sign2 = layer->sign2;
  const int8_t* const end = output + layer->shape.run;
  while (output != end) {
    const int32_t sum =
        Scaled(&one, *input1++) + sign2 * Scaled(&two, *input2++);
    *output++ = EcPlainOutput(sum, multiplier, shift, ends);
  }
}

void EcAddS8(const EcAddLayer* layer, const int8_t* input1,
             const int8_t* input2, int8_t* output) {
#if defined(EC_HAS_MVE)
  const int is_plain = 0;  // Run takes four at once
#else
  const int is_plain = layer->is_plain != 0 && layer->shape.step1 == 1 &&
                       layer->shape.step2 == 1;
#endif
  EcBroadcastPlace place = {{0}, 0, 0};
  do {
    const int8_t* from1 = input1 + place.place1;
    const int8_t* from2 = input2 + place.place2;
    if (is_plain) {
      RunPlain(layer, from1, from2, output);
    } else {
      Run(layer, from1, from2, output);
    }
    output += layer->shape.run;
  } while (EcNextRun(&layer->shape, &place));
}
