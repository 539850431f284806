"""Every operator that TFLM's resolver registers: its method, and the types its kernel computes on.

Methods from tensorflow/lite/micro/micro_mutable_op_resolver.h, types from the Prepare and Eval of
the kernels in tensorflow/lite/micro/kernels and signal/micro/kernels, all at the pinned commit.
Names are those of the schema; "CUSTOM:" marks custom ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# How the table below abbreviates the schema's types.
TYPE_CODES: Mapping[str, str] = {
    "f32": "FLOAT32",
    "i8": "INT8",
    "i16": "INT16",
    "i32": "INT32",
    "i64": "INT64",
    "u8": "UINT8",
    "u32": "UINT32",
    "u64": "UINT64",
    "bool": "BOOL",
}


@dataclass(frozen=True)
class Support:
    """The resolver's method for an operator, and the types of its value input ("any": all)."""

    method: str
    types: str

    def computes_on(self, tensor_type: str) -> bool:
        """Say whether the kernel takes values of a type."""
        return self.types == "any" or tensor_type in types_of(self.types)


def types_of(codes: str) -> frozenset[str]:
    """Return the schema's types that codes stand for: "f32 i8" for FLOAT32 and INT8."""
    return frozenset(TYPE_CODES[code] for code in codes.split())


OPERATORS: Mapping[str, Support] = {
    "ABS": Support("AddAbs", "f32 i8 i16"),
    "ADD": Support("AddAdd", "f32 i8 i16 i32"),
    "ADD_N": Support("AddAddN", "f32 i8"),
    "ARG_MAX": Support("AddArgMax", "f32 i8"),
    "ARG_MIN": Support("AddArgMin", "f32 i8"),
    "ASSIGN_VARIABLE": Support("AddAssignVariable", "any"),
    "AVERAGE_POOL_2D": Support("AddAveragePool2D", "f32 i8 i16"),
    "BATCH_MATMUL": Support("AddBatchMatMul", "f32 i8 i16"),
    "BATCH_TO_SPACE_ND": Support("AddBatchToSpaceNd", "f32 i8"),
    "BROADCAST_ARGS": Support("AddBroadcastArgs", "i32 i64"),
    "BROADCAST_TO": Support("AddBroadcastTo", "any"),
    "CALL_ONCE": Support("AddCallOnce", "any"),
    "CAST": Support("AddCast", "f32 i8 i16 i32 u32 bool"),
    "CEIL": Support("AddCeil", "f32"),
    "CONCATENATION": Support("AddConcatenation", "f32 i8 i16 i32 i64 bool"),
    "CONV_2D": Support("AddConv2D", "f32 i8 i16"),
    "COS": Support("AddCos", "f32"),
    "CUMSUM": Support("AddCumSum", "f32 i8"),
    "CUSTOM:CIRCULAR_BUFFER": Support("AddCircularBuffer", "i8"),
    "CUSTOM:SignalDelay": Support("AddDelay", "i16"),
    "CUSTOM:SignalEnergy": Support("AddEnergy", "i16"),
    "CUSTOM:SignalFftAutoScale": Support("AddFftAutoScale", "i16"),
    "CUSTOM:SignalFilterBank": Support("AddFilterBank", "u32"),
    "CUSTOM:SignalFilterBankLog": Support("AddFilterBankLog", "u32"),
    "CUSTOM:SignalFilterBankSpectralSubtraction": Support(
        "AddFilterBankSpectralSubtraction", "u32"
    ),
    "CUSTOM:SignalFilterBankSquareRoot": Support("AddFilterBankSquareRoot", "u64"),
    "CUSTOM:SignalFramer": Support("AddFramer", "i16"),
    "CUSTOM:SignalIrfft": Support("AddIrfft", "f32 i16 i32"),
    "CUSTOM:SignalOverlapAdd": Support("AddOverlapAdd", "f32 i16"),
    "CUSTOM:SignalPCAN": Support("AddPCAN", "u32"),
    "CUSTOM:SignalRfft": Support("AddRfft", "f32 i16 i32"),
    "CUSTOM:SignalStacker": Support("AddStacker", "i16"),
    "CUSTOM:SignalWindow": Support("AddWindow", "i16"),
    "CUSTOM:TFLM_DECODE": Support("AddDecode", "any"),
    "CUSTOM:TFLite_Detection_PostProcess": Support("AddDetectionPostprocess", "f32"),
    "CUSTOM:ethos-u": Support("AddEthosU", "any"),
    "DEPTHWISE_CONV_2D": Support("AddDepthwiseConv2D", "f32 i8 i16"),
    "DEPTH_TO_SPACE": Support("AddDepthToSpace", "f32 i8"),
    "DEQUANTIZE": Support("AddDequantize", "i8 i16 u8"),
    "DIV": Support("AddDiv", "f32 i8 i32"),
    "DYNAMIC_UPDATE_SLICE": Support("AddDynamicUpdateSlice", "f32 i8 i16 i32"),
    "ELU": Support("AddElu", "f32 i8"),
    "EMBEDDING_LOOKUP": Support("AddEmbeddingLookup", "f32 i8"),
    "EQUAL": Support("AddEqual", "f32 i8 i32 i64 bool"),
    "EXP": Support("AddExp", "f32"),
    "EXPAND_DIMS": Support("AddExpandDims", "f32 i8 i16"),
    "FILL": Support("AddFill", "f32 i8 i32"),
    "FLOOR": Support("AddFloor", "f32"),
    "FLOOR_DIV": Support("AddFloorDiv", "f32"),
    "FLOOR_MOD": Support("AddFloorMod", "f32"),
    "FULLY_CONNECTED": Support("AddFullyConnected", "f32 i8 i16"),
    "GATHER": Support("AddGather", "f32 i8"),
    "GATHER_ND": Support("AddGatherNd", "f32 i8"),
    "GREATER": Support("AddGreater", "f32 i8 i16 i32 i64"),
    "GREATER_EQUAL": Support("AddGreaterEqual", "f32 i8 i32 i64"),
    "HARD_SWISH": Support("AddHardSwish", "f32 i8"),
    "IF": Support("AddIf", "any"),
    "L2_NORMALIZATION": Support("AddL2Normalization", "f32 i8"),
    "L2_POOL_2D": Support("AddL2Pool2D", "f32"),
    "LEAKY_RELU": Support("AddLeakyRelu", "f32 i8 i16"),
    "LESS": Support("AddLess", "f32 i8 i32 i64"),
    "LESS_EQUAL": Support("AddLessEqual", "f32 i8 i32 i64"),
    "LOG": Support("AddLog", "f32"),
    "LOGICAL_AND": Support("AddLogicalAnd", "bool"),
    "LOGICAL_NOT": Support("AddLogicalNot", "bool"),
    "LOGICAL_OR": Support("AddLogicalOr", "bool"),
    "LOGISTIC": Support("AddLogistic", "f32 i8 i16"),
    "LOG_SOFTMAX": Support("AddLogSoftmax", "f32 i8"),
    "MAXIMUM": Support("AddMaximum", "f32 i8 i16 i32 i64"),
    "MAX_POOL_2D": Support("AddMaxPool2D", "f32 i8 i16"),
    "MEAN": Support("AddMean", "f32 i8 i16"),
    "MINIMUM": Support("AddMinimum", "f32 i8 i16 i32 i64"),
    "MIRROR_PAD": Support("AddMirrorPad", "f32 i8"),
    "MUL": Support("AddMul", "f32 i8 i16 i32"),
    "NEG": Support("AddNeg", "f32"),
    "NOT_EQUAL": Support("AddNotEqual", "f32 i8 i32 i64 bool"),
    "PACK": Support("AddPack", "f32 i8 i16 i32 i64"),
    "PAD": Support("AddPad", "f32 i8 i16 i32"),
    "PADV2": Support("AddPadV2", "f32 i8 i16 i32"),
    "PRELU": Support("AddPrelu", "f32 i8 i16"),
    "QUANTIZE": Support("AddQuantize", "f32 i8 i16 i32 u8"),
    "READ_VARIABLE": Support("AddReadVariable", "any"),
    "REDUCE_ALL": Support("AddReduceAll", "bool"),
    "REDUCE_MAX": Support("AddReduceMax", "f32 i8"),
    "REDUCE_MIN": Support("AddReduceMin", "f32 i8"),
    "RELU": Support("AddRelu", "f32 i8 i16"),
    "RELU6": Support("AddRelu6", "f32 i8 i16"),
    "RESHAPE": Support("AddReshape", "any"),
    "RESIZE_BILINEAR": Support("AddResizeBilinear", "f32 i8"),
    "RESIZE_NEAREST_NEIGHBOR": Support("AddResizeNearestNeighbor", "f32 i8 i16"),
    "REVERSE_V2": Support("AddReverseV2", "f32 i8 i16 i32 i64 bool u8"),
    "ROUND": Support("AddRound", "f32"),
    "RSQRT": Support("AddRsqrt", "f32 i8"),
    "SELECT_V2": Support("AddSelectV2", "f32 i8 i16"),
    "SHAPE": Support("AddShape", "any"),
    "SIN": Support("AddSin", "f32"),
    "SLICE": Support("AddSlice", "f32 i8 i16 i32 bool"),
    "SOFTMAX": Support("AddSoftmax", "f32 i8 i16"),
    "SPACE_TO_BATCH_ND": Support("AddSpaceToBatchNd", "f32 i8"),
    "SPACE_TO_DEPTH": Support("AddSpaceToDepth", "f32 i8"),
    "SPLIT": Support("AddSplit", "f32 i8 i16 i32"),
    "SPLIT_V": Support("AddSplitV", "f32 i8 i16 i32"),
    "SQRT": Support("AddSqrt", "f32"),
    "SQUARE": Support("AddSquare", "f32"),
    "SQUARED_DIFFERENCE": Support("AddSquaredDifference", "f32 i8 i16 i32"),
    "SQUEEZE": Support("AddSqueeze", "any"),
    "STRIDED_SLICE": Support("AddStridedSlice", "f32 i8 i16 i32 bool"),
    "SUB": Support("AddSub", "f32 i8 i16 i32"),
    "SUM": Support("AddSum", "f32 i8 i16"),
    "SVDF": Support("AddSvdf", "f32 i8"),
    "TANH": Support("AddTanh", "f32 i8 i16"),
    "TRANSPOSE": Support("AddTranspose", "f32 i8 i16"),
    "TRANSPOSE_CONV": Support("AddTransposeConv", "f32 i8 i16"),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Support("AddUnidirectionalSequenceLSTM", "f32 i8 i16"),
    "UNPACK": Support("AddUnpack", "f32 i8 i16 i32"),
    "VAR_HANDLE": Support("AddVarHandle", "any"),
    "WHILE": Support("AddWhile", "any"),
    "ZEROS_LIKE": Support("AddZerosLike", "f32 i8 i32 i64"),
}

# The input whose type decides, where it is not the first.
VALUE_INPUT: Mapping[str, int] = {
    "EMBEDDING_LOOKUP": 1,
    "FILL": 1,
    "SELECT_V2": 1,
    "SPLIT": 1,
    "TRANSPOSE_CONV": 2,
}

# Types of the first output, of kernels that do not take them from their input.
OUTPUT_TYPES: Mapping[str, str] = {
    "ARG_MAX": "i32",
    "ARG_MIN": "i32",
    "CAST": "f32 i8 i16 i32 u32",
    "CUSTOM:SignalEnergy": "u32",
    "CUSTOM:SignalFilterBank": "u64",
    "CUSTOM:SignalFilterBankLog": "i16",
    "CUSTOM:SignalFilterBankSquareRoot": "u32",
    "DEQUANTIZE": "f32",
    "QUANTIZE": "i8 i16 i32 u8",
    "SHAPE": "i32",
}
# The input that holds indices or axes, with the types it may have.
INDEX_TYPES: Mapping[str, tuple[int, str]] = {
    "ARG_MAX": (1, "i32"),
    "ARG_MIN": (1, "i32"),
    "CUMSUM": (1, "i32"),
    "EMBEDDING_LOOKUP": (0, "i32"),
    "EXPAND_DIMS": (1, "i32"),
    "GATHER": (1, "i32"),
    "GATHER_ND": (1, "i32"),
    "REVERSE_V2": (1, "i32"),
    "SLICE": (1, "i32 i64"),
}

# Narrow registrations that CMSIS-NN offers: (types of value input, weights and output) -> suffix
# of the registration function; an empty type is not looked at. The reference kernels have none
# (their headers define the same names as the all-type registration).
# Source: kernels/{add,conv,depthwise_conv,...}.h under `#if defined(CMSIS_NN)`.
_INT8: Mapping[tuple[str, str, str], str] = {("INT8", "", ""): "INT8"}
_INT8_INT16 = {**_INT8, ("INT16", "", ""): "INT16"}
_BY_WEIGHTS: Mapping[tuple[str, str, str], str] = {
    ("INT8", "INT8", ""): "INT8",
    ("INT8", "INT4", ""): "INT4",
    ("INT16", "INT8", ""): "INT16",
}
NARROW: Mapping[str, Mapping[tuple[str, str, str], str]] = {
    "ADD": _INT8_INT16,
    "AVERAGE_POOL_2D": _INT8_INT16,
    "BATCH_MATMUL": _INT8_INT16,
    "CONV_2D": _BY_WEIGHTS,
    "DEPTHWISE_CONV_2D": _BY_WEIGHTS,
    "FULLY_CONNECTED": _BY_WEIGHTS,
    "MAXIMUM": _INT8,
    "MAX_POOL_2D": _INT8_INT16,
    "MINIMUM": _INT8,
    "MUL": _INT8,
    "PAD": _INT8,
    "SOFTMAX": {
        ("INT8", "", "INT8"): "INT8",
        ("INT8", "", "INT16"): "INT8_INT16",
        ("INT16", "", "INT16"): "INT16",
    },
    "SVDF": _INT8,
    "TRANSPOSE": _INT8,
    "TRANSPOSE_CONV": {("INT8", "INT8", ""): "INT8"},
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _INT8_INT16,
}
