"""Functions of single int8 values, each as a table of 256 outputs."""

from typing import Any

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
    """Say whether an operator maps each int8 value to an int8 value, whatever is around it."""
    return node.operator.op in UNARY and node.input(0).type == node.output().type == "INT8"


def unary(node: Node, table: NDArray[Any]) -> Call:
    """Return the call for an operator of UNARY, from its outputs for -128 to 127."""
    value, output = node.input(0), node.output()
    return Call(
        kernel="lookup_s8",
        layer=node.layer,
        fields={"table": Constant("table", "int8_t", table), "count": value.elements},
        inputs=(value.index,),
        outputs=(output.index,),
        in_place=in_place_inputs(output, value),
    )
