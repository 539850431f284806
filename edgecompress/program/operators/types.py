"""Operators that change the type of integers, or their scale."""

from collections.abc import Mapping, Sequence

import numpy as np

from edgecompress.program.boxes import Box, moved
from edgecompress.program.fixed_point import quantize_multiplier
from edgecompress.program.node import Node, scale_of, zero_point_of
from edgecompress.program.operands import operand
from edgecompress.program.program import Call, Step
from edgecompress.tflite.graph import ELEMENT_BYTES

# As templates/c/kernels/integers.h numbers them.
_TYPES: Mapping[str, int] = {"INT8": 0, "UINT8": 1, "BOOL": 1, "INT16": 2, "INT32": 3, "UINT32": 3}


def cast(node: Node) -> Sequence[Step]:
    """Return the call for CAST; a view where both types have as many bits."""
    value, output = node.input(0), node.output()
    node.need_type(value, *_TYPES)
    node.need_type(output, *_TYPES)
    if ELEMENT_BYTES[value.type] == ELEMENT_BYTES[output.type]:
        return [moved(node, value, output, Box((output.elements,), (1,), (1,)))]
    return [
        Call(
            kernel="cast",
            layer=node.layer,
            fields={
                "count": value.elements,
                "from_type": _TYPES[value.type],
                "to_type": _TYPES[output.type],
            },
            inputs=(operand(value),),
            outputs=(output.index,),
        )
    ]


def quantize(node: Node) -> Sequence[Call]:
    """Return the call for QUANTIZE of integers."""
    value, output = node.input(0), node.output()
    node.need_type(value, "INT8", "UINT8", "INT16", "INT32")
    node.need_type(output, "INT8", "UINT8", "INT16", "INT32")
    multiplier, shift = quantize_multiplier(float(scale_of(value)) / float(scale_of(output)))
    limits = np.iinfo(np.dtype(output.type.lower()))
    return [
        Call(
            kernel="requantize_integers",
            layer=node.layer,
            fields={
                "count": value.elements,
                "multiplier": multiplier,
                "offset": -zero_point_of(value),
                "zero_point": zero_point_of(output),
                "low": int(limits.min),
                "high": int(limits.max),
                "shift": shift,
                "from_type": _TYPES[value.type],
                "to_type": _TYPES[output.type],
            },
            inputs=(operand(value),),
            outputs=(output.index,),
        )
    ]
