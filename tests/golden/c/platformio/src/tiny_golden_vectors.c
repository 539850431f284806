#include "tiny_golden_vectors.h"

#include "tiny_model_runner.h"

// Inputs: uniform noise, seed 0.
// clang-format off
static const int8_t kInput0[2 * 8] = {
  -33, 2, 66, 89, 79, 107, -113, 35, -95, 87, 89, 2, 120,
  61, -112, -59
};

static const int8_t kOutput0[2 * 3] = {
  127, 34, -65, 77, -66, -57
};

static const GoldenTensor kInputs[] = {
    {kInput0, 8, sizeof(int8_t), 1},
};

static const GoldenTensor kOutputs[] = {
    {kOutput0, 3, sizeof(int8_t), 1},
};

const SelfTestModel g_tiny_self_test = {
    "tiny",
    tiny_init,
    NULL,
    tiny_invoke,
    tiny_arena_used,
    tiny_input,
    tiny_output,
    2,
    kInputs,
    1,
    kOutputs,
    1,
};
// clang-format on
