"""Which operators of a float model are together one function of one tensor's elements."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.quantize.tables.elementwise import ELEMENTWISE, RESHAPING, compute
from edgecompress.tflite.graph import Operator, Subgraph, Tensor

# What TFLM computes on integers, and the quantizer makes integers of: no table is needed for it.
_NATIVE = frozenset(
    {
        "ABS", "ADD", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "MAXIMUM", "MINIMUM", "MUL", "RELU",
        "RELU6", "RELU_N1_TO_1", "SQUARED_DIFFERENCE", "SUB", "TANH", *RESHAPING,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Region:
    """Operators that make tensor `exit` of tensor `root`, each element of its own."""

    root: int
    exit: int
    operators: tuple[Operator, ...]


def regions(subgraph: Subgraph) -> tuple[Region, ...]:
    """Return the functions of one tensor that TFLM has no integer kernels for."""
    roots = _roots(subgraph)
    makers = {
        op.outputs[0]: op for op in subgraph.operators if op.outputs and op.outputs[0] in roots
    }
    shapes = [tensor.shape for tensor in subgraph.tensors]
    found: dict[int, Region] = {}
    for last in _exits(subgraph, roots):
        root, exit_ = roots[last], _before_reshaping(last, roots[last], makers)
        operators = _made_by(exit_, root, makers)
        if any(op.op not in _NATIVE for op in operators) and shapes[exit_] == shapes[root]:
            found[exit_] = Region(root, exit_, operators)
    return tuple(found.values())


def function_values(
    region: Region, tensors: Sequence[Tensor], x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what a region makes of the values `x` [n] of its root."""
    known: dict[int, Any] = {region.root: x}
    with np.errstate(all="ignore"):
        for operator in region.operators:
            if operator.op in RESHAPING:
                known[operator.outputs[0]] = known[operator.inputs[0]]
                continue
            inputs = [known[i] if i in known else _constant(tensors[i]) for i in operator.inputs]
            known[operator.outputs[0]] = compute(operator.op, inputs, operator.options)
    return np.broadcast_to(np.asarray(known[region.exit], np.float64), x.shape)


def _roots(subgraph: Subgraph) -> dict[int, int]:
    """Return for each tensor that is a function of one other's elements which one that is."""
    roots: dict[int, int] = {}
    tensors = subgraph.tensors
    for operator in subgraph.operators:
        if operator.op not in ELEMENTWISE | RESHAPING or len(operator.outputs) != 1:
            continue
        if operator.op in RESHAPING and operator.inputs[0] not in roots:
            continue  # before a function: it begins behind this
        used = operator.inputs[:1] if operator.op in RESHAPING else operator.inputs
        moving = {i for i in used if i >= 0 and tensors[i].data is None}
        fixed = [i for i in used if i >= 0 and tensors[i].data is not None]
        found = {roots.get(i, i) for i in moving}
        if len(found) != 1 or any(_constant(tensors[i]) is None for i in fixed):
            continue
        (root,) = found
        sizes = {tensors[i].elements for i in (root, *moving, *operator.outputs)}
        if len(sizes) == 1 and tensors[root].type == "FLOAT32":
            roots[operator.outputs[0]] = root
    return roots


def _exits(subgraph: Subgraph, roots: Mapping[int, int]) -> Iterator[int]:
    """Yield the tensors of functions that something else reads."""
    readers = defaultdict(list)
    for operator in subgraph.operators:
        for i in operator.inputs:
            readers[i].append(operator)
    for tensor, root in roots.items():
        inner = all(roots.get(reader.outputs[0]) == root for reader in readers[tensor])
        if tensor in subgraph.outputs or not inner or not readers[tensor]:
            yield tensor


def _before_reshaping(tensor: int, root: int, makers: Mapping[int, Operator]) -> int:
    """Return the tensor that has a function's values before they get another shape."""
    while tensor != root and makers[tensor].op in RESHAPING:
        tensor = makers[tensor].inputs[0]
    return tensor


def _made_by(tensor: int, root: int, makers: Mapping[int, Operator]) -> tuple[Operator, ...]:
    """Return the operators that make a tensor of its root, in the order they run."""
    found: dict[int, Operator] = {}
    left = [tensor]
    while left:
        index = left.pop()
        if index == root or index not in makers or index in found:
            continue
        found[index] = makers[index]
        left += makers[index].inputs
    return tuple(sorted(found.values(), key=lambda operator: operator.index))


def _constant(tensor: Tensor) -> Any:
    """Return the one value that all elements of a constant have; None if they differ."""
    if tensor.data is None or tensor.elements == 0:
        return None
    types = {"FLOAT32": "<f4", "BOOL": "?", "INT32": "<i4"}
    if tensor.type not in types:
        return None
    values = np.frombuffer(tensor.data, types[tensor.type])
    return values[0].item() if (values == values[0]).all() else None
