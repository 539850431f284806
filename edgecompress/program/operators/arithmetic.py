"""Operators of two inputs of int8 values."""

from collections.abc import Sequence

from edgecompress.program.activation import activation_range
from edgecompress.program.broadcast import broadcast_fields
from edgecompress.program.fixed_point import quantize_multiplier
from edgecompress.program.node import Node, scale_of, zero_point_of
from edgecompress.program.operands import in_place_inputs, operand
from edgecompress.program.program import Call

# Bits that both inputs are shifted left by before they are scaled to a common scale.
# Source: kernels/add_common.cc of TFLM.
_LEFT_SHIFT = 20


def add(node: Node) -> Sequence[Call]:
    """Return the call for ADD."""
    return [_sum(node, 1)]


def subtract(node: Node) -> Sequence[Call]:
    """Return the call for SUB."""
    return [_sum(node, -1)]


def _sum(node: Node, sign: int) -> Call:
    one, two, output = node.input(0), node.input(1), node.output()
    for tensor in (one, two, output):
        node.need_type(tensor, "INT8")
    twice_largest = 2 * max(float(scale_of(one)), float(scale_of(two)))
    multiplier1, shift1 = quantize_multiplier(float(scale_of(one)) / twice_largest)
    multiplier2, shift2 = quantize_multiplier(float(scale_of(two)) / twice_largest)
    multiplier, shift = quantize_multiplier(
        twice_largest / ((1 << _LEFT_SHIFT) * float(scale_of(output)))
    )
    low, high = activation_range(node, output)
    return Call(
        kernel="add_s8",
        layer=node.layer,
        fields={
            "shape": broadcast_fields(node, one, two, output),
            "multiplier1": multiplier1,
            "multiplier2": multiplier2,
            "multiplier": multiplier,
            "offset1": -zero_point_of(one),
            "offset2": -zero_point_of(two),
            "left_shift": _LEFT_SHIFT,
            "shift1": shift1,
            "shift2": shift2,
            "shift": shift,
            "sign2": sign,
            "zero_point": zero_point_of(output),
            "low": low,
            "high": high,
        },
        inputs=(operand(one), operand(two)),
        outputs=(output.index,),
        in_place=in_place_inputs(output, one, two),
    )
