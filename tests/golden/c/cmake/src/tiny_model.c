// The model tiny as calls of kernels,
// in the order they run. Weights and tables are in flash.

#include "arena.h"
#include "kernels/fully_connected_s8.h"
#include "tiny_model_runner.h"

// Times the calls of kernels, in the image of `emulate --profile` alone.
#ifdef EDGECOMPRESS_PROFILE
#include "profile.h"
#endif

// Where weights and tables are placed, such as
// __attribute__((section(".qspi"))).
#ifndef TINY_MODEL_DATA_ATTRIBUTE
#define TINY_MODEL_DATA_ATTRIBUTE
#endif

// clang-format off
TINY_MODEL_DATA_ATTRIBUTE __attribute__((aligned(4)))
static const int8_t kScoresWeights[24] = {
  11, -54, 101, 113, 41, -63, -122, 32, 21, -22, -90, 47, 60,
  77, 47, 101, -30, 121, -118, 20, -33, -42, 19, 70
};

TINY_MODEL_DATA_ATTRIBUTE __attribute__((aligned(4)))
static const int32_t kScoresBias[3] = {
  156, -998, -466
};

TINY_MODEL_DATA_ATTRIBUTE __attribute__((aligned(4)))
static const int32_t kScoresMultipliers[1] = {
  1374389504
};

TINY_MODEL_DATA_ATTRIBUTE __attribute__((aligned(4)))
static const int8_t kScoresShifts[1] = {
  7
};

// scores
static const EcFullyConnectedS8Layer kScores = {
    kScoresWeights,  // weights
    kScoresBias,  // bias
    {kScoresMultipliers, kScoresShifts, 0, -5, -128, 127, 1},  // scales
    8,  // depth
    1,  // rows
    3,  // units
};

// clang-format on
const char* const g_tiny_labels[] = {
    "one",
    "two \0422\042",
    "tr\303\252s",
};

static uint8_t g_is_ready;

static int IsReady(void) { return g_is_ready; }

ModelStatus tiny_init(void) {
  g_is_ready = 1;
  return kModelOk;
}

ModelStatus tiny_invoke(void) {
  if (!IsReady()) {
    return kModelErrorNotReady;
  }
  // clang-format off
  EcFullyConnectedS8(&kScores, (const int8_t*)(g_tensor_arena + 0), (int8_t*)(g_tensor_arena + 8));
  // clang-format on
  return kModelOk;
}

size_t tiny_arena_used(void) {
  const size_t used = 12;
  return IsReady() ? used : 0;
}

void* tiny_input(size_t index) {
  static const uint32_t kPlaces[] = {0};
  const int exists = index < 1 && IsReady();
  return exists ? g_tensor_arena + kPlaces[index] : NULL;
}

const void* tiny_output(size_t index) {
  static const uint32_t kPlaces[] = {8};
  const int exists = index < 1 && IsReady();
  return exists ? g_tensor_arena + kPlaces[index] : NULL;
}
