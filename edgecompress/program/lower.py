"""Lower a .tflite graph to a program: kernel calls in order, and where their tensors lie."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.fuse import merged, written_out
from edgecompress.program.images import image_by_image
from edgecompress.program.layout import laid_out
from edgecompress.program.node import Node
from edgecompress.program.operators import (
    arithmetic,
    batches,
    constants,
    convolution,
    dense,
    logic,
    matrices,
    movement,
    normalization,
    pooling,
    recurrent,
    reduction,
    resize,
    selection,
    softmax,
    types,
    variables,
    wide_functions,
    wide_sums,
)
from edgecompress.program.operators.elementwise import is_lookup, unary
from edgecompress.program.program import C_TYPES, Program, Step
from edgecompress.tflite.checks.well_formed import computing
from edgecompress.tflite.graph import Graph

Lower = Callable[[Node], Sequence[Step]]
# The outputs of an operator of one int8 tensor for the inputs -128 to 127.
TableOf = Callable[[Node], NDArray[Any]]

_OPERATORS: Mapping[str, Lower] = {
    "ADD": arithmetic.add,
    "ADD_N": arithmetic.add_n,
    "ARG_MAX": reduction.arg_max,
    "ARG_MIN": reduction.arg_min,
    "AVERAGE_POOL_2D": pooling.average_pool,
    "BATCH_MATMUL": matrices.batch_matmul,
    "BATCH_TO_SPACE_ND": batches.batch_to_space,
    "BROADCAST_TO": movement.broadcast_to,
    "CAST": types.cast,
    "CONCATENATION": movement.concatenation,
    "CONV_2D": convolution.conv,
    "CUMSUM": reduction.cumulative_sum,
    "CUSTOM:CIRCULAR_BUFFER": variables.circular_buffer,
    "DEPTHWISE_CONV_2D": convolution.depthwise,
    "DEQUANTIZE": types.quantize,  # which refuses floating point
    "DEPTH_TO_SPACE": movement.depth_to_space,
    "DIV": arithmetic.divide,
    "DYNAMIC_UPDATE_SLICE": selection.dynamic_update_slice,
    "EMBEDDING_LOOKUP": selection.embedding_lookup,
    "EQUAL": logic.compare,
    "EXPAND_DIMS": movement.reshape,
    "FILL": constants.fill,
    "FULLY_CONNECTED": dense.dense,
    "GATHER": selection.gather,
    "GATHER_ND": selection.gather_nd,
    "GREATER": logic.compare,
    "GREATER_EQUAL": logic.compare,
    "L2_NORMALIZATION": normalization.l2_normalization,
    "LESS": logic.compare,
    "LESS_EQUAL": logic.compare,
    "LOGICAL_AND": arithmetic.minimum,
    "LOGICAL_NOT": logic.logical_not,
    "LOGICAL_OR": arithmetic.maximum,
    "LOG_SOFTMAX": normalization.log_softmax,
    "MAXIMUM": arithmetic.maximum,
    "MAX_POOL_2D": pooling.max_pool,
    "MEAN": reduction.mean,
    "MINIMUM": arithmetic.minimum,
    "MIRROR_PAD": movement.mirror_pad,
    "MUL": arithmetic.multiply,
    "NOT_EQUAL": logic.compare,
    "PACK": movement.pack,
    "PAD": movement.pad,
    "PADV2": movement.pad,
    "PRELU": arithmetic.prelu,
    "QUANTIZE": types.quantize,
    "REDUCE_ALL": reduction.least,
    "REDUCE_ANY": reduction.largest,
    "REDUCE_MAX": reduction.largest,
    "REDUCE_MIN": reduction.least,
    "RESHAPE": movement.reshape,
    "RESIZE_BILINEAR": resize.bilinear,
    "RESIZE_NEAREST_NEIGHBOR": resize.nearest,
    "REVERSE_V2": movement.reverse,
    "SELECT_V2": logic.select,
    "SHAPE": constants.shape,
    "SLICE": movement.slice_,
    "SOFTMAX": softmax.softmax,
    "SPACE_TO_BATCH_ND": batches.space_to_batch,
    "SPACE_TO_DEPTH": movement.space_to_depth,
    "SPLIT": movement.split,
    "SPLIT_V": movement.split_v,
    "SQUARED_DIFFERENCE": arithmetic.squared_difference,
    "SQUEEZE": movement.reshape,
    "STRIDED_SLICE": movement.strided_slice,
    "SUB": arithmetic.subtract,
    "SUM": reduction.total,
    "SVDF": recurrent.svdf,
    "TRANSPOSE": movement.transpose,
    "TRANSPOSE_CONV": matrices.transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": recurrent.lstm,
    "UNPACK": movement.unpack,
    "ZEROS_LIKE": constants.zeros_like,
}
# Operators that are lowered otherwise where an input or output is int16.
_WIDE: Mapping[str, Lower] = {
    "ABS": wide_functions.absolute,
    "CONV_2D": wide_sums.conv,
    "DEPTHWISE_CONV_2D": wide_sums.depthwise,
    "FULLY_CONNECTED": wide_sums.dense,
    "LEAKY_RELU": wide_functions.leaky_relu,
    "LOGISTIC": wide_functions.logistic,
    "RELU": wide_functions.relu,
    "RELU6": wide_functions.relu6,
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
        table_of: measures functions of single values; without it their tables hold values that
            differ where functions do, which is enough to know sizes.

    Raises:
        UnsupportedModelError: an operator or a type that the C runtime has no kernel for.
    """
    graph = image_by_image(graph)
    steps = list(merged(graph.main, list(_steps(graph, table_of or _stand_in))))
    return laid_out(graph.main, steps)


def _steps(graph: Graph, table_of: TableOf) -> Iterator[Step]:
    states = variables.variables_of(graph)
    lookups = written_out(graph.main)
    inside = {index for lookup in lookups.values() for index in lookup.before}
    for operator in graph.main.operators:
        node = Node(operator, graph.main)
        _check_states(node)
        if operator.index in inside:
            continue
        with computing(operator):
            if operator.index in lookups:
                lookup = lookups[operator.index]
                steps: Sequence[Step] = [unary(node, lookup.table, lookup.source)]
            elif variables.is_of_variables(node):
                steps = [*variables.variable(node, states)]
            elif is_lookup(node):
                steps = [unary(node, table_of(node))]
            else:
                steps = _lowering(node)(node)
        yield from steps


def _lowering(node: Node) -> Lower:
    op = node.operator.op
    tensors = [
        node.subgraph.tensors[i] for i in (*node.operator.inputs, *node.operator.outputs) if i >= 0
    ]
    for tensor in tensors:
        node.need_type(tensor, *C_TYPES, "INT4", "FLOAT32")
    if op in _WIDE and any(tensor.type == "INT16" for tensor in tensors):
        return _WIDE[op]
    if op not in _OPERATORS:
        raise node.refuse("it has no such kernel")
    return _OPERATORS[op]


def _check_states(node: Node) -> None:
    """Refuse operators that read a tensor which only another one keeps up."""
    tensors = [node.subgraph.tensors[i] for i in node.operator.inputs if i >= 0]
    variables = {tensor.index for tensor in tensors if tensor.is_variable}
    if node.operator.op in _STATEFUL or not variables:
        return
    written = {index for operator in node.subgraph.operators for index in operator.outputs}
    if variables - written:
        raise node.refuse("it reads what another operator keeps from one inference to the next")


def _stand_in(node: Node) -> NDArray[Any]:
    """Return a table that is another for each function: equal tables take flash once."""
    quantization = node.input(0).quantization, node.output().quantization
    function = repr((node.operator.op, sorted(node.operator.options.items()), quantization))
    random = np.random.default_rng(list(function.encode()))
    return random.integers(-_STEPS // 2, _STEPS // 2, _STEPS, np.int8)
