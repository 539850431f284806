"""Biases of zeros, which the converter gives to layers that have none, taken out of a model."""

from collections.abc import Sequence
from typing import Any

from ai_edge_litert import schema_py_generated as schema

# Operators whose third input is a bias that may be missing: they then have two.
_WITH_BIAS = (
    schema.BuiltinOperator.CONV_2D,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema.BuiltinOperator.FULLY_CONNECTED,
)
_BIAS = 2


def drop_zero_biases(content: Any) -> None:
    """Remove biases that add nothing from `content`, a schema.ModelT; tensors are renumbered."""
    for subgraph in content.subgraphs:
        for operator in subgraph.operators or ():
            if _has_zero_bias(content, subgraph, operator):
                operator.inputs = list(operator.inputs[:_BIAS])
        _drop_unused(subgraph)


def _has_zero_bias(content: Any, subgraph: Any, operator: Any) -> bool:
    code = content.operatorCodes[operator.opcodeIndex]
    kind = max(code.builtinCode, code.deprecatedBuiltinCode)
    if kind not in _WITH_BIAS or len(operator.inputs) != _BIAS + 1 or operator.inputs[_BIAS] < 0:
        return False
    values = content.buffers[subgraph.tensors[operator.inputs[_BIAS]].buffer].data
    return values is not None and len(values) > 0 and not values.any()


def _drop_unused(subgraph: Any) -> None:
    """Remove tensors that no operator touches, and number the others anew."""
    lists = [subgraph.inputs, subgraph.outputs]
    for operator in subgraph.operators or ():
        lists += [operator.inputs, operator.outputs, operator.intermediates]
    used = {int(index) for indices in lists for index in _listed(indices) if index >= 0}
    kept = sorted(used)
    number = {old: new for new, old in enumerate(kept)} | {-1: -1}
    subgraph.tensors = [subgraph.tensors[index] for index in kept]
    subgraph.inputs, subgraph.outputs = (_renumbered(each, number) for each in lists[:2])
    for operator in subgraph.operators or ():
        operator.inputs = _renumbered(operator.inputs, number)
        operator.outputs = _renumbered(operator.outputs, number)
        operator.intermediates = _renumbered(operator.intermediates, number)


def _renumbered(indices: Any, number: dict[int, int]) -> list[int] | None:
    return None if indices is None else [number[int(index)] for index in indices]


def _listed(indices: Sequence[int] | None) -> Sequence[int]:
    return () if indices is None else indices
