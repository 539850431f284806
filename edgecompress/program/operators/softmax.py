"""SOFTMAX of int8 values."""

from collections.abc import Sequence
from math import floor

import numpy as np

from edgecompress.program.fixed_point import exp_on_negative_values, quantize_multiplier, requantize
from edgecompress.program.node import Node, scale_of
from edgecompress.program.program import Call, Constant

# Bits before the point of what is given to exp(). Source: reference/softmax.h of TFLite.
INTEGER_BITS = 5
_STEPS = 256


def softmax(node: Node) -> Sequence[Call]:
    """Return the call for SOFTMAX."""
    value, output = node.input(0), node.output()
    node.need_type(value, "INT8")
    node.need_type(output, "INT8")
    values = exponentials(scale_of(value), float(node.option("beta", 1.0)))
    return [
        Call(
            kernel="softmax_s8",
            layer=node.layer,
            fields={
                "exponentials": Constant("exponentials", "int32_t", values),
                "exponential_count": len(values),
                "rows": value.elements // value.shape[-1],
                "depth": value.shape[-1],
            },
            inputs=(value.index,),
            outputs=(output.index,),
            in_place=(0,),
        )
    ]


def exponentials(scale: float, beta: float) -> "np.ndarray":
    """Return exp(-i * beta * scale) in Q0.31 for i = 0, 1, ... until it is taken as zero."""
    real = min(beta * scale * (1 << (31 - INTEGER_BITS)), float((1 << 31) - 1))
    multiplier, shift = quantize_multiplier(real)
    radius = floor(((1 << INTEGER_BITS) - 1) * (1 << (31 - INTEGER_BITS)) / (1 << shift))
    steps = np.arange(min(_STEPS, radius + 1))
    return exp_on_negative_values(requantize(-steps, multiplier, shift), INTEGER_BITS).astype(
        np.int32
    )
