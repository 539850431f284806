"""Functions of single int8 values, each as a table of 256 outputs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.node import Node
from edgecompress.program.operands import in_place_inputs
from edgecompress.program.program import Call, Constant

UNARY = frozenset(
    {
        "ABS", "ELU", "EXP", "HARD_SWISH", "LEAKY_RELU", "LOG", "LOGISTIC", "NEG", "QUANTIZE",
        "RELU", "RELU6", "RELU_N1_TO_1", "RSQRT", "SQRT", "SQUARE", "TANH",
    }
)  # fmt: skip


def is_lookup(node: Node) -> bool:
    """Say whether an operator maps each value of a byte to a byte, whatever is around it."""
    types = {node.input(0).type, node.output().type} if node.operator.op in UNARY else set()
    bytes_only = {"INT8", "UINT8"} if node.operator.op == "QUANTIZE" else {"INT8"}
    return bool(types) and types <= bytes_only


def unary(node: Node, table: NDArray[Any], source: int | None = None) -> Call:
    """Return the call for a table of the outputs for -128 to 127, of the input or of `source`."""
    output = node.output()
    value = node.input(0) if source is None else node.subgraph.tensors[source]
    return Call(
        kernel="lookup_s8",
        layer=node.layer,
        fields={
            "table": Constant("table", "int8_t", table.view(np.int8)),
            "count": value.elements,
        },
        inputs=(value.index,),
        outputs=(output.index,),
        in_place=in_place_inputs(output, value),
    )
