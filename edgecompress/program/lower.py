"""Lower a .tflite graph to a program: kernel calls in order, and where their tensors lie."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.layout import laid_out
from edgecompress.program.node import Node
from edgecompress.program.operators import (
    arithmetic,
    convolution,
    movement,
    pooling,
    recurrent,
    softmax,
    variables,
    wide_arithmetic,
    wide_functions,
    wide_sums,
)
from edgecompress.program.operators.elementwise import is_lookup, unary
from edgecompress.program.program import Program, Step
from edgecompress.tflite.graph import Graph

Lower = Callable[[Node], Sequence[Step]]
# The outputs of an operator of one int8 tensor for the inputs -128 to 127.
TableOf = Callable[[Node], NDArray[Any]]

_OPERATORS: Mapping[str, Lower] = {
    "ADD": arithmetic.add,
    "AVERAGE_POOL_2D": pooling.average_pool,
    "CUSTOM:CIRCULAR_BUFFER": variables.circular_buffer,
    "BROADCAST_TO": movement.broadcast_to,
    "CONCATENATION": movement.concatenation,
    "CONV_2D": convolution.conv,
    "DEPTHWISE_CONV_2D": convolution.depthwise,
    "DEPTH_TO_SPACE": movement.depth_to_space,
    "EXPAND_DIMS": movement.reshape,
    "FULLY_CONNECTED": convolution.dense,
    "MAX_POOL_2D": pooling.max_pool,
    "MIRROR_PAD": movement.mirror_pad,
    "PACK": movement.pack,
    "PAD": movement.pad,
    "PADV2": movement.pad,
    "QUANTIZE": wide_functions.quantize,
    "RESHAPE": movement.reshape,
    "REVERSE_V2": movement.reverse,
    "SLICE": movement.slice_,
    "SOFTMAX": softmax.softmax,
    "SPACE_TO_DEPTH": movement.space_to_depth,
    "SPLIT": movement.split,
    "SPLIT_V": movement.split_v,
    "SQUEEZE": movement.reshape,
    "STRIDED_SLICE": movement.strided_slice,
    "SUB": arithmetic.subtract,
    "SVDF": recurrent.svdf,
    "TRANSPOSE": movement.transpose,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": recurrent.lstm,
    "UNPACK": movement.unpack,
}
# Operators that are lowered otherwise where an input or output is int16.
_WIDE: Mapping[str, Lower] = {
    "ADD": wide_arithmetic.add,
    "AVERAGE_POOL_2D": wide_arithmetic.average_pool,
    "BATCH_MATMUL": wide_arithmetic.batch_matmul,
    "CONV_2D": wide_sums.conv,
    "DEPTHWISE_CONV_2D": wide_sums.depthwise,
    "FULLY_CONNECTED": wide_sums.dense,
    "LEAKY_RELU": wide_functions.leaky_relu,
    "LOGISTIC": wide_functions.logistic,
    "MAX_POOL_2D": wide_arithmetic.max_pool,
    "MEAN": wide_arithmetic.mean,
    "MUL": wide_arithmetic.multiply,
    "RELU": wide_functions.relu,
    "RELU6": wide_functions.relu6,
    "SOFTMAX": wide_functions.softmax,
    "SUB": wide_arithmetic.subtract,
    "SUM": wide_arithmetic.sum_,
    "TANH": wide_functions.tanh,
    "TRANSPOSE_CONV": wide_sums.transposed,
}
# Operators with a variable tensor of their own among their inputs.
_STATEFUL = frozenset({"SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"})
_STEPS = 256


def lower(graph: Graph, table_of: TableOf | None = None) -> Program:
    """Return the program of a model that TFLM supports.

    Args:
        graph: the model.
        table_of: measures functions of single values; without it their tables hold zeros, which
            is enough to know sizes.

    Raises:
        UnsupportedModelError: an operator or a type that the C runtime has no kernel for.
    """
    steps = list(_steps(graph, table_of or _zeros))
    return laid_out(graph.main, steps)


def _steps(graph: Graph, table_of: TableOf) -> Iterator[Step]:
    states = variables.variables_of(graph)
    for operator in graph.main.operators:
        node = Node(operator, graph.main)
        _check_states(node)
        if variables.is_of_variables(node):
            yield from variables.variable(node, states)
        elif is_lookup(node):
            yield unary(node, table_of(node))
        else:
            yield from _lowering(node)(node)


def _lowering(node: Node) -> Lower:
    op = node.operator.op
    tensors = [
        node.subgraph.tensors[i] for i in (*node.operator.inputs, *node.operator.outputs) if i >= 0
    ]
    if op in _WIDE and any(tensor.type == "INT16" for tensor in tensors):
        return _WIDE[op]
    if op not in _OPERATORS:
        raise node.refuse("it has no such kernel")
    return _OPERATORS[op]


def _check_states(node: Node) -> None:
    """Refuse operators that keep a tensor from one inference to the next, and are not known to."""
    tensors = [node.subgraph.tensors[i] for i in node.operator.inputs if i >= 0]
    if node.operator.op not in _STATEFUL and any(tensor.is_variable for tensor in tensors):
        raise node.refuse("it reads what another operator keeps from one inference to the next")


def _zeros(node: Node) -> NDArray[Any]:
    del node
    return np.zeros(_STEPS, np.int8)
