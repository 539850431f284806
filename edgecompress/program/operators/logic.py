"""Comparisons of int8 values, and what is chosen by truth values."""

from collections.abc import Mapping, Sequence

import numpy as np

from edgecompress.program.boxes import copied, repeated
from edgecompress.program.broadcast import broadcast_fields
from edgecompress.program.fixed_point import quantize_multiplier
from edgecompress.program.node import Node, scale_of, zero_point_of
from edgecompress.program.operands import operand
from edgecompress.program.operators.elementwise import unary
from edgecompress.program.program import Call
from edgecompress.tflite.graph import ELEMENT_BYTES

# Source: kernels/comparisons.cc of TFLM.
_LEFT_SHIFT = 8
# By operator: whether it asks for equality, whether inputs change places, whether it is negated.
_COMPARISONS: Mapping[str, tuple[bool, bool, bool]] = {
    "EQUAL": (True, False, False),
    "NOT_EQUAL": (True, False, True),
    "GREATER": (False, False, False),
    "LESS_EQUAL": (False, False, True),
    "LESS": (False, True, False),
    "GREATER_EQUAL": (False, True, True),
}


def compare(node: Node) -> Sequence[Call]:
    """Return the call for an operator of _COMPARISONS."""
    is_equality, swaps, is_negated = _COMPARISONS[node.operator.op]
    one, two = node.input(int(swaps)), node.input(int(not swaps))
    output = node.output()
    for tensor in (one, two):
        node.need_type(tensor, "INT8")
    multiplier1, shift1 = quantize_multiplier(float(scale_of(one)))
    multiplier2, shift2 = quantize_multiplier(float(scale_of(two)))
    return [
        Call(
            kernel="compare_s8",
            layer=node.layer,
            fields={
                "shape": broadcast_fields(node, one, two, output),
                "multiplier1": multiplier1,
                "multiplier2": multiplier2,
                "left_shift": _LEFT_SHIFT,
                "offset1": -zero_point_of(one),
                "offset2": -zero_point_of(two),
                "shift1": shift1,
                "shift2": shift2,
                "is_equality": int(is_equality),
                "is_negated": int(is_negated),
            },
            inputs=(operand(one), operand(two)),
            outputs=(output.index,),
        )
    ]


def logical_not(node: Node) -> Sequence[Call]:
    """Return the call for LOGICAL_NOT: a table in which only zero is true."""
    table = np.zeros(256, np.int8)
    table[128] = 1  # of zero
    return [unary(node, table)]


def select(node: Node) -> Sequence[Call]:
    """Return the calls for SELECT_V2: copy the values for false, put those for true over them."""
    condition, yes, no, output = node.input(0), node.input(1), node.input(2), node.output()
    node.need_type(yes, "INT8", "INT16", "INT32", "BOOL")
    return [
        copied(node, no, output, repeated(no.shape, output.shape)),
        Call(
            kernel="select",
            layer=node.layer,
            fields={
                "shape": broadcast_fields(node, condition, yes, output),
                "bytes": int(ELEMENT_BYTES[output.type]),
            },
            inputs=(operand(condition), operand(yes)),
            outputs=(output.index,),
        ),
    ]
