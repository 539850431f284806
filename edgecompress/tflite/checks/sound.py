"""What a model's tensors must have, and the order in which operators write and read them.

Source: the checks of tensorflow/lite/core/interpreter_builder.cc and subgraph.cc.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from edgecompress.errors import ModelError
from edgecompress.tflite.graph import Operator, Quantization, Subgraph, Tensor

_MOST_DIMENSIONS = 8  # of any tensor; TFLM's kernels know five, slices and reshapes a few more
_MOST_ELEMENTS = 1 << 31  # beyond it, sizes do not fit the int32 they are computed in
_ZERO_POINTS: Mapping[str, tuple[int, int]] = {
    "INT8": (-128, 127),
    "UINT8": (0, 255),
    "INT16": (-32768, 32767),
}
# Options that name a subgraph.
_CALLS: Mapping[str, Sequence[str]] = {
    "CALL_ONCE": ("init_subgraph_index",),
    "IF": ("then_subgraph_index", "else_subgraph_index"),
    "WHILE": ("cond_subgraph_index", "body_subgraph_index"),
}
_AGAIN = "the file is damaged. Copy or convert it again"


def check_shape(tensor: Tensor) -> None:
    """Raise ModelError if no operator takes a tensor of this shape."""
    shape = list(tensor.shape)
    if len(shape) > _MOST_DIMENSIONS or any(size < 0 for size in shape):
        shown = shape[: _MOST_DIMENSIONS + 1]
        raise _unsound(tensor, f"has the shape {shown}, which no operator takes")
    if tensor.elements >= _MOST_ELEMENTS:
        raise _unsound(tensor, f"of shape {shape} has more than 2^31 elements")


def check_quantization(tensor: Tensor) -> None:
    """Raise ModelError if values of a tensor do not stand for real ones."""
    if tensor.quantization:
        for problem in _problems(tensor, tensor.quantization):
            raise _unsound(tensor, problem)


def _unsound(tensor: Tensor, what: str) -> ModelError:
    return ModelError(f"tensor {tensor.index} ({tensor.name}) {what}: {_AGAIN}")


def _problems(tensor: Tensor, quantization: Quantization) -> Iterator[str]:
    scales, zero_points = quantization.scales, quantization.zero_points
    if not all(math.isfinite(scale) and scale >= 0 for scale in scales):
        yield f"has the scale {next(s for s in scales if not math.isfinite(s) or s < 0)}"
    needs_them = tensor.data is None or tensor.type in _ZERO_POINTS
    if len(zero_points) not in (0, len(scales)) or (not zero_points and needs_them):
        yield f"has {len(scales)} scales and {len(zero_points)} zero points"
    low, high = _ZERO_POINTS.get(tensor.type, (-math.inf, math.inf))
    if any(not low <= zero_point <= high for zero_point in zero_points):
        yield f"of {tensor.type} has the zero point {max(zero_points, key=abs)}"
    if len(scales) > 1:
        axis = quantization.axis
        if not 0 <= axis < len(tensor.shape) or tensor.shape[axis] != len(scales):
            yield f"of shape {list(tensor.shape)} has {len(scales)} scales along axis {axis}"
    elif tensor.data is None and tensor.type in _ZERO_POINTS and scales[0] == 0:
        yield "has the scale 0"


def check_order(subgraph: Subgraph) -> None:
    """Raise ModelError if an operator reads what nothing wrote before it, or writes a constant.

    In a circle of operators one reads so, too.
    """
    known = {t.index for t in subgraph.tensors if t.data is not None or t.is_variable}
    known |= {*subgraph.inputs, *(t.index for t in subgraph.tensors if not t.elements)}
    constants = {t.index for t in subgraph.tensors if t.data is not None}
    for operator in subgraph.operators:
        unwritten = {index for index in operator.inputs if index >= 0} - known
        if unwritten:
            raise damaged(operator, f"reads tensor {min(unwritten)} before anything writes it")
        written = constants & {*operator.outputs}
        if written:
            raise damaged(operator, f"writes tensor {min(written)}, which is a constant")
        known |= {*operator.outputs}
    for index in subgraph.outputs:
        if index not in known:
            raise ModelError(f"no operator writes output {index} of the model: {_AGAIN}")


def check_calls(subgraphs: Sequence[Subgraph]) -> None:
    """Raise ModelError if an operator names a subgraph that is not there, or one that calls it."""
    called = [
        {called for operator in subgraph.operators for called in _called(operator, len(subgraphs))}
        for subgraph in subgraphs
    ]
    below = [set(each) for each in called]
    for _ in subgraphs:
        below = [each | {far for near in each for far in below[near]} for each in below]
    for index, each in enumerate(below):
        if index in each:
            raise ModelError(f"subgraph {index} calls itself: {_AGAIN}")


def _called(operator: Operator, subgraphs: int) -> Iterator[int]:
    for name in _CALLS.get(operator.op, ()):
        index = operator.options.get(name, -1)
        if not 0 <= index < subgraphs:
            raise damaged(operator, f"calls subgraph {index} of {subgraphs}")
        yield index


def damaged(operator: Operator, what: str) -> ModelError:
    """Return the error for an operator that no sound file has."""
    return ModelError(f"operator {operator.index} ({operator.op}) {what}: {_AGAIN}")
