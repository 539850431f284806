"""Operators whose outputs depend on shapes, or are one value repeated."""

from collections.abc import Sequence

import numpy as np

from edgecompress.program.boxes import Box, moved, strides_of
from edgecompress.program.node import Node
from edgecompress.program.program import Call, Constant, Step
from edgecompress.tflite.graph import ELEMENT_BYTES


def fill(node: Node) -> Sequence[Step]:
    """Return the copy for FILL."""
    value, target = node.input(1), node.output()
    still = (0,) * len(target.shape)
    return [moved(node, value, target, Box(target.shape, still, strides_of(target.shape)))]


def zeros_like(node: Node) -> Sequence[Call]:
    """Return the call for ZEROS_LIKE: bytes of zero, whatever the type."""
    target = node.output()
    count = int(target.elements * ELEMENT_BYTES[target.type])
    return [
        Call(
            kernel="fill",
            layer=node.layer,
            fields={"first": 0, "count": count, "value": 0, "is_wide": 0},
            inputs=(),
            outputs=(target.index,),
        )
    ]


def shape(node: Node) -> Sequence[Call]:
    """Return the copy for SHAPE."""
    value, target = node.input(0), node.output()
    node.need_type(target, "INT32")
    still = [0] * 5
    return [
        Call(
            kernel="copy",
            layer=node.layer,
            fields={
                "bytes": 4 * len(value.shape),
                "from": 0,
                "to": 0,
                "extents": [1] * 5,
                "from_strides": still,
                "to_strides": still,
            },
            inputs=(Constant("shape", "int32_t", np.array(value.shape, np.int32)),),
            outputs=(target.index,),
        )
    ]
