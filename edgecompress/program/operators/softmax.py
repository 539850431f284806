"""SOFTMAX."""

from collections.abc import Sequence
from math import floor

import numpy as np

from edgecompress.program.fixed_point import exp_on_negative_values, quantize_multiplier, requantize
from edgecompress.program.node import Node, scale_of
from edgecompress.program.operands import in_place_inputs
from edgecompress.program.program import Call, Constant
from edgecompress.program.wide_tables import exponential_table, reciprocal_table

# Bits before the point of what is given to exp(). Source: reference/softmax.h of TFLite.
INTEGER_BITS = 5
_STEPS = 256
_INT16_STEP = 10.0 / 65535.0  # of the table of exponentials of int16. Source: softmax_common.cc


def softmax(node: Node) -> Sequence[Call]:
    """Return the call for SOFTMAX."""
    return [_of_int16(node) if node.input(0).type == "INT16" else _of_int8(node)]


def _of_int8(node: Node) -> Call:
    value, output = node.input(0), node.output()
    node.need_type(value, "INT8")
    node.need_type(output, "INT8", "INT16")
    table = exponentials(scale_of(value), _beta(node))
    return Call(
        kernel="softmax_s8" if output.type == "INT8" else "softmax_s8_s16",
        layer=node.layer,
        fields={
            "exponentials": Constant("exponentials", "int32_t", table),
            "exponential_count": len(table),
            **_shape(node),
        },
        inputs=(value.index,),
        outputs=(output.index,),
        in_place=in_place_inputs(output, value),
    )


def _of_int16(node: Node) -> Call:
    value, output = node.input(0), node.output()
    node.need_type(output, "INT16")
    multiplier, shift = quantize_multiplier(scale_of(value) * _beta(node) / _INT16_STEP)
    return Call(
        kernel="softmax_s16",
        layer=node.layer,
        fields={
            "exponentials": exponential_table(),
            "reciprocals": reciprocal_table(),
            "multiplier": multiplier,
            "shift": shift,
            **_shape(node),
        },
        inputs=(value.index,),
        outputs=(output.index,),
        in_place=in_place_inputs(output, value),
    )


def _beta(node: Node) -> float:
    return float(node.option("beta", 1.0))


def _shape(node: Node) -> dict[str, int]:
    value = node.input(0)
    return {"rows": value.elements // value.shape[-1], "depth": value.shape[-1]}


def exponentials(scale: float, beta: float) -> "np.ndarray":
    """Return exp(-i * beta * scale) in Q0.31 for i = 0, 1, ... until it is taken as zero."""
    real = min(beta * scale * (1 << (31 - INTEGER_BITS)), float((1 << 31) - 1))
    multiplier, shift = quantize_multiplier(real)
    radius = floor(((1 << INTEGER_BITS) - 1) * (1 << (31 - INTEGER_BITS)) / (1 << shift))
    steps = np.arange(min(_STEPS, radius + 1))
    return exp_on_negative_values(requantize(-steps, multiplier, shift), INTEGER_BITS).astype(
        np.int32
    )
