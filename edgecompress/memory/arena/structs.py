"""Sizes of the C++ structures TFLM allocates in the arena, by ABI: (arm, ilp32, lp64).

Measured with sizeof at TFLM 90b983c2b: arm-none-eabi-g++ 12.2 for Cortex-M4 (arm, and ilp32 with
-fno-short-enums), g++ 12.2 for x86-64 (lp64), each with -DTF_LITE_STATIC_MEMORY -DNDEBUG; lp64 also
with -DUSE_TFLM_COMPRESSION, because the tflite-micro package is built so.
"""

from collections.abc import Mapping

Sizes = tuple[int, int, int]

# What MicroAllocator::Create and AllocateTensors place in the tail, in this order.
SINGLE_ARENA_BUFFER_ALLOCATOR: Sizes = (36, 36, 72)
GREEDY_MEMORY_PLANNER: Sizes = (44, 44, 72)
MICRO_ALLOCATOR: Sizes = (36, 36, 72)
BUILTIN_DATA_ALLOCATOR: Sizes = (8, 8, 16)
SUBGRAPH_ALLOCATIONS: Sizes = (8, 8, 24)
EVAL_TENSOR: Sizes = (12, 12, 24)
NODE_AND_REGISTRATION: Sizes = (32, 32, 64)

# For models with resource variables: the list, and each entry.
RESOURCE_VARIABLES: Sizes = (12, 12, 16)
RESOURCE_VARIABLE: Sizes = (20, 20, 40)

# The larger objects of RecordingMicroAllocator, as the host's verification creates them.
RECORDING_BUFFER_ALLOCATOR: Sizes = (52, 52, 104)
RECORDING_MICRO_ALLOCATOR: Sizes = (124, 124, 272)

TENSOR: Sizes = (32, 40, 64)
AFFINE_QUANTIZATION: Sizes = (12, 12, 24)

# What planning takes from temporary memory.
SCRATCH_REQUEST: Sizes = (12, 12, 16)
ALLOCATION_INFO: Sizes = (24, 24, 32)
# Source: GreedyMemoryPlanner::per_buffer_size(), of `int` only.
PLANNER_BYTES_PER_BUFFER = 40
# Source: kMaxScratchBuffersPerOp in micro_allocator.cc.
MAX_SCRATCH_PER_OPERATOR = 12

# The options that an operator's parser allocates: (size, alignment) by ABI. Operators that are
# not listed have none. Source: core/api/flatbuffer_conversions.cc. For FULLY_CONNECTED lp64 is
# that of the tflite-micro package (TFLM 8f6596d), which added a field after the pinned commit.
_ENUM_1 = ((1, 1), (4, 4), (4, 4))  # a structure of one enumeration
_BOOL_AND_ENUM = ((2, 1), (8, 4), (8, 4))
_BYTES_1 = ((1, 1),) * 3
_BYTES_2 = ((2, 1),) * 3
_BYTES_3 = ((3, 1),) * 3
_WORDS_1 = ((4, 4),) * 3
_WORDS_2 = ((8, 4),) * 3
_POOL = ((40, 4),) * 3
BUILTIN_OPTIONS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "ADD": _BOOL_AND_ENUM,
    "ARG_MAX": _ENUM_1,
    "ARG_MIN": _ENUM_1,
    "AVERAGE_POOL_2D": _POOL,
    "BATCH_MATMUL": _BYTES_3,
    "CALL_ONCE": _WORDS_1,
    "CAST": _BOOL_AND_ENUM,
    "CONCATENATION": _WORDS_2,
    "CONV_2D": ((28, 4),) * 3,
    "CUMSUM": _BYTES_2,
    "DEPTH_TO_SPACE": _WORDS_1,
    "DEPTHWISE_CONV_2D": ((28, 4),) * 3,
    "DIV": _ENUM_1,
    "FULLY_CONNECTED": ((5, 1), (16, 4), (32, 8)),
    "GATHER": _WORDS_2,
    "IF": _WORDS_2,
    "L2_NORMALIZATION": _ENUM_1,
    "L2_POOL_2D": _POOL,
    "LEAKY_RELU": _WORDS_1,
    "MAX_POOL_2D": _POOL,
    "MEAN": _BYTES_1,
    "MIRROR_PAD": _ENUM_1,
    "MUL": _ENUM_1,
    "PACK": _WORDS_2,
    "REDUCE_ALL": _BYTES_1,
    "REDUCE_MAX": _BYTES_1,
    "REDUCE_MIN": _BYTES_1,
    "RESHAPE": ((36, 4),) * 3,
    "RESIZE_BILINEAR": _BYTES_2,
    "RESIZE_NEAREST_NEIGHBOR": _BYTES_2,
    "SHAPE": _ENUM_1,
    "SOFTMAX": _WORDS_1,
    "SPACE_TO_DEPTH": _WORDS_1,
    "SPLIT": _WORDS_1,
    "SPLIT_V": _WORDS_1,
    "SQUEEZE": ((36, 4),) * 3,
    "STRIDED_SLICE": ((24, 4),) * 3,
    "SUB": _BOOL_AND_ENUM,
    "SUM": _BYTES_1,
    "SVDF": ((8, 4), (12, 4), (12, 4)),
    "TRANSPOSE_CONV": ((16, 4), (20, 4), (20, 4)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": ((16, 4),) * 3,
    "UNPACK": _WORDS_2,
    "VAR_HANDLE": ((8, 4), (8, 4), (16, 8)),
    "WHILE": _WORDS_2,
}
