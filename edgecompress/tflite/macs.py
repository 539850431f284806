"""Multiply-accumulates of operators, from the shapes of their weights."""

from collections.abc import Callable, Mapping
from math import prod

from edgecompress.tflite.checks.well_formed import computing
from edgecompress.tflite.graph import Graph, Operator, Subgraph, Tensor

Macs = Callable[[Subgraph, Operator], int]


def _tensor(subgraph: Subgraph, indices: tuple[int, ...], position: int) -> Tensor:
    return subgraph.tensors[indices[position]]


def _convolution(subgraph: Subgraph, operator: Operator) -> int:
    """Weights are [out, height, width, in]."""
    weights = _tensor(subgraph, operator.inputs, 1)
    return _tensor(subgraph, operator.outputs, 0).elements * prod(weights.shape[1:])


def _depthwise(subgraph: Subgraph, operator: Operator) -> int:
    """Weights are [1, height, width, out]."""
    weights = _tensor(subgraph, operator.inputs, 1)
    return _tensor(subgraph, operator.outputs, 0).elements * prod(weights.shape[1:3])


def _transposed(subgraph: Subgraph, operator: Operator) -> int:
    """Each input element meets each weight of its channel."""
    weights = _tensor(subgraph, operator.inputs, 1)
    return _tensor(subgraph, operator.inputs, 2).elements * prod(weights.shape[:3])


def _dense(subgraph: Subgraph, operator: Operator) -> int:
    """Weights are [out, in]."""
    weights = _tensor(subgraph, operator.inputs, 1)
    return _tensor(subgraph, operator.outputs, 0).elements * weights.shape[-1]


def _matrix_product(subgraph: Subgraph, operator: Operator) -> int:
    left = _tensor(subgraph, operator.inputs, 0)
    shared = left.shape[-2 if operator.options.get("adj_x") else -1]
    return _tensor(subgraph, operator.outputs, 0).elements * shared


def _svdf(subgraph: Subgraph, operator: Operator) -> int:
    batch = _tensor(subgraph, operator.inputs, 0).shape[0]
    return batch * sum(_tensor(subgraph, operator.inputs, i).elements for i in (1, 2))


def _lstm(subgraph: Subgraph, operator: Operator) -> int:
    """Four gates, each with weights for the input and for the hidden state, at every step."""
    sequence = _tensor(subgraph, operator.inputs, 0)
    weights = sum(_tensor(subgraph, operator.inputs, i).elements for i in range(1, 9))
    return sequence.shape[0] * sequence.shape[1] * weights


_RULES: Mapping[str, Macs] = {
    "BATCH_MATMUL": _matrix_product,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "SVDF": _svdf,
    "TRANSPOSE_CONV": _transposed,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
}


def graph_macs(graph: Graph) -> int:
    """Return the multiply-accumulates of an inference: of the main subgraph's operators."""
    return sum(operator_macs(graph.main, operator) for operator in graph.main.operators)


def operator_macs(subgraph: Subgraph, operator: Operator) -> int:
    """Return an operator's multiply-accumulates; 0 for those that only move or scale values."""
    rule = _RULES.get(operator.op)
    if rule is None:
        return 0
    with computing(operator):
        return rule(subgraph, operator)
