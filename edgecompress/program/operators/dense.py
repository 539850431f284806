"""FULLY_CONNECTED of int8 activations."""

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.node import Node, values_of
from edgecompress.program.program import Call
from edgecompress.program.scaled import scaled_fields
from edgecompress.program.weights import packed_constant, weights_constant


def dense(node: Node) -> Sequence[Call]:
    """Return the call for FULLY_CONNECTED."""
    rows = values_of(node.input(1))
    return [dense_call(node, rows, prod(node.input(0).shape) // rows.shape[1])]


def dense_call(node: Node, rows: NDArray[np.int8], count: int) -> Call:
    """Return the call that multiplies `count` vectors with rows of weights [units, depth]."""
    value, kernel, output = node.input(0), node.input(1), node.output()
    units, depth = rows.shape
    fields = scaled_fields(node, value, kernel, output, rows)
    is_packed = kernel.type == "INT4"
    return Call(
        kernel="fully_connected_s4" if is_packed else "fully_connected_s8",
        layer=node.layer,
        fields={
            **fields,
            "weights": packed_constant(kernel) if is_packed else weights_constant(rows),
            "depth": depth,
            "rows": node.int16(count, "the number of rows"),
            "units": node.int16(units, "the number of units"),
        },
        inputs=(value.index,),
        outputs=(output.index,),
        macs=output.elements * depth,
    )
