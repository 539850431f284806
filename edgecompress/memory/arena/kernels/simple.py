"""Kernels that take operator data and look at tensors, and nothing else.

Structure sizes as in memory/structs.py; the tensors looked at from each kernel's Prepare in
tensorflow/lite/micro/kernels/ of the pinned commit ("i0" is input 0, "o0" output 0).
"""

from collections.abc import Iterable, Mapping
from functools import partial

from edgecompress.memory.arena.requests import Kernel, Node, Request
from edgecompress.memory.arena.structs import Sizes


def _inspect(node: Node, places: str) -> Iterable[Request]:
    return node.inspect(places)


def looks_at(places: str, op_data_bytes: int | Sizes = 0) -> Kernel:
    """Return the kernel that looks at these tensors after allocating its operator data."""
    sizes = (op_data_bytes,) * 3 if isinstance(op_data_bytes, int) else op_data_bytes
    return Kernel(sizes, partial(_inspect, places=places))


_ARITHMETIC = "i0 i1 o0"
_UNARY = "i0 o0"

SIMPLE: Mapping[str, Kernel] = {
    "ABS": looks_at(_UNARY, 28),
    "ADD": looks_at(_ARITHMETIC, 60),
    "ARG_MAX": looks_at(""),
    "ARG_MIN": looks_at(""),
    "ASSIGN_VARIABLE": looks_at("i1", (0, 0, 4)),
    "AVERAGE_POOL_2D": looks_at(_UNARY, 32),
    "BATCH_TO_SPACE_ND": looks_at(_UNARY),
    "BROADCAST_ARGS": looks_at(_ARITHMETIC),
    "BROADCAST_TO": looks_at(_ARITHMETIC),
    "CALL_ONCE": looks_at("", 8),
    "CAST": looks_at(_UNARY),
    "CEIL": looks_at(_UNARY),
    "COS": looks_at(_UNARY),
    "CUSTOM:CIRCULAR_BUFFER": looks_at(_UNARY, 8),
    "DEQUANTIZE": looks_at(_UNARY, 32),
    "DIV": looks_at(_ARITHMETIC, 28),
    "DYNAMIC_UPDATE_SLICE": looks_at("i0 i1 i2 o0"),
    "ELU": looks_at(_UNARY, 256),
    "EQUAL": looks_at("i0 i1", 32),
    "EXP": looks_at(_UNARY),
    "EXPAND_DIMS": looks_at(_ARITHMETIC),
    "FILL": looks_at(_ARITHMETIC),
    "FLOOR": looks_at(""),
    "FLOOR_DIV": looks_at(_ARITHMETIC),
    "FLOOR_MOD": looks_at(_ARITHMETIC),
    "GREATER": looks_at("i0 i1", 32),
    "GREATER_EQUAL": looks_at("i0 i1", 32),
    "HARD_SWISH": looks_at(_UNARY, 20),
    "IF": looks_at("i0", 8),
    "L2_NORMALIZATION": looks_at(_UNARY, 4),
    "LEAKY_RELU": looks_at(_UNARY, 24),
    "LESS": looks_at("i0 i1", 32),
    "LESS_EQUAL": looks_at("i0 i1", 32),
    "LOG": looks_at(_UNARY),
    "LOGICAL_AND": looks_at(""),
    "LOGICAL_NOT": looks_at(_UNARY),
    "LOGICAL_OR": looks_at(""),
    "LOGISTIC": looks_at(_UNARY, 16),
    "MAXIMUM": looks_at(""),
    "MAX_POOL_2D": looks_at(_UNARY, 32),
    "MINIMUM": looks_at(""),
    "MUL": looks_at(_ARITHMETIC, 36),
    "NEG": looks_at(""),
    "NOT_EQUAL": looks_at("i0 i1", 32),
    "PACK": looks_at(""),
    "PAD": looks_at("i0 i1 i2 o0", 56),
    "PADV2": looks_at("i0 i1 i2 o0", 56),
    "PRELU": looks_at(_ARITHMETIC, 28),
    "QUANTIZE": looks_at(_UNARY, 32),
    "READ_VARIABLE": looks_at("i0"),
    "RELU": looks_at(_UNARY, 28),
    "RELU6": looks_at("i0", 8),
    "RESHAPE": looks_at(_UNARY),
    "RESIZE_BILINEAR": looks_at(_ARITHMETIC),
    "RESIZE_NEAREST_NEIGHBOR": looks_at(_ARITHMETIC),
    "REVERSE_V2": looks_at(_ARITHMETIC),
    "ROUND": looks_at(_UNARY),
    "RSQRT": looks_at(_UNARY, 28),
    "SELECT_V2": looks_at("i0 i1 i2 o0", 1),
    "SHAPE": looks_at(""),
    "SIN": looks_at(_UNARY),
    "SLICE": looks_at("i0 i1 i2 o0"),
    "SPACE_TO_BATCH_ND": looks_at(_UNARY, 4),
    "SPLIT": looks_at("i0"),
    "SPLIT_V": looks_at("i2"),
    "SQRT": looks_at(_UNARY),
    "SQUARE": looks_at(_UNARY),
    "SQUARED_DIFFERENCE": looks_at(_ARITHMETIC, 112),
    "SQUEEZE": looks_at(_UNARY),
    "STRIDED_SLICE": looks_at("i0 i1 i2 i3 o0", 84),
    "SUB": looks_at(_ARITHMETIC, 52),
    "TANH": looks_at("i0 i0 o0", 16),
    "TRANSPOSE": looks_at(_ARITHMETIC),
    "UNPACK": looks_at(""),
    "VAR_HANDLE": looks_at("", 4),
    "WHILE": looks_at("", 8),
    "ZEROS_LIKE": looks_at(_UNARY),
}
