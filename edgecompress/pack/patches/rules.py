"""How rows and columns go through the operators of a .tflite."""

from collections.abc import Mapping

import numpy as np

from edgecompress.errors import ModelError
from edgecompress.pack.patches.halo import Border, Pointwise, Rule, Span, Window
from edgecompress.tflite.graph import Operator, Subgraph, Tensor

Rules = tuple[Rule, Rule]  # for rows and for columns
Patch = tuple[Span, Span]  # rows and columns
AXES = (1, 2)  # of rows and columns in an image's shape

_POINTWISE = frozenset(
    {
        "ABS", "ADD", "CONCATENATION", "ELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "MAXIMUM",
        "MINIMUM", "MUL", "PRELU", "QUANTIZE", "RELU", "RELU6", "SUB", "TANH",
    }
)  # fmt: skip
_POOLS = frozenset({"AVERAGE_POOL_2D", "MAX_POOL_2D"})
_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
_TYPES = frozenset({"INT8", "INT16"})  # the sums of which do not depend on their order
_CHANNELS = (3, -1)
_RANK = 4
_SIDES: Mapping[int, tuple[str, str]] = {1: ("h", "height"), 2: ("w", "width")}


def rules_of(subgraph: Subgraph, operator: Operator) -> Rules | None:
    """Return how rows and columns go through an operator; None where all is needed at once."""
    tensors = [subgraph.tensors[index] for index in operator.inputs if index >= 0]
    outputs = [subgraph.tensors[index] for index in operator.outputs]
    if len(outputs) != 1 or not all(map(_is_image, (*tensors[:1], *outputs))):
        return None
    if operator.op in _POINTWISE:
        keeps = _keeps_places(operator, tensors, outputs[0])
        return (Pointwise(), Pointwise()) if keeps else None
    if any(tensor.data is None for tensor in tensors[1:]):
        return None
    if operator.op == "PAD":
        return _border(tensors[0], tensors[1])
    if operator.op in _CONVOLUTIONS or operator.op in _POOLS:
        return _windows(operator, tensors, outputs[0])
    return None


def whole_of(image: Tensor) -> Patch:
    """Return all rows and columns of an image."""
    return Span(0, image.shape[AXES[0]]), Span(0, image.shape[AXES[1]])


def made_of(rules: Rules, part: Patch) -> Patch:
    """Return what an operator makes of a part of its input that suits it."""
    rows, columns = (rule.makes(span) for rule, span in zip(rules, part, strict=True))
    if rows is None or columns is None:
        raise ModelError(f"no windows of {rules} meet {part}")
    return rows, columns


def _is_image(tensor: Tensor) -> bool:
    one_image = len(tensor.shape) == _RANK and tensor.shape[0] == 1 and all(tensor.shape)
    is_constant = tensor.data is not None or tensor.is_variable
    return one_image and not is_constant and tensor.type in _TYPES


def _windows(operator: Operator, tensors: list[Tensor], output: Tensor) -> Rules | None:
    """Return the rules of windows; none if they do not make the output's rows and columns."""
    if operator.op in _CONVOLUTIONS and len(tensors[1].shape) != _RANK:
        return None
    rows, columns = (_window(operator, tensors, output, axis) for axis in AXES)
    if min(rows.stride, columns.stride, rows.kernel, columns.kernel) < 1:
        return None
    whole = whole_of(tensors[0])
    made = rows.makes(whole[0]), columns.makes(whole[1])
    return (rows, columns) if made == whole_of(output) else None


def _window(operator: Operator, tensors: list[Tensor], output: Tensor, axis: int) -> Window:
    letter, name = _SIDES[axis]
    if operator.op in _POOLS:
        kernel = operator.options.get(f"filter_{name}", 0)
    else:
        dilation = operator.options.get(f"dilation_{letter}_factor", 1)
        kernel = (tensors[1].shape[axis] - 1) * dilation + 1
    return Window(
        kernel=kernel,
        stride=operator.options.get(f"stride_{letter}", 0),
        same=operator.options.get("padding") == "SAME",
        size_in=tensors[0].shape[axis],
        size_out=output.shape[axis],
    )


def paddings_of(tensor: Tensor) -> list[list[int]]:
    """Return what PAD's second input holds: elements before and after, by axis."""
    values = np.frombuffer(tensor.data or b"", tensor.type.lower()).tolist()
    return [values[place : place + 2] for place in range(0, len(values), 2)]


def _border(image: Tensor, paddings: Tensor) -> Rules | None:
    """Return the rules of PAD; none if it adds images or channels."""
    if paddings.shape != (_RANK, 2) or paddings.type not in {"INT32", "INT64"}:
        return None
    images, (above, below), (left, right), channels = paddings_of(paddings)
    if any((*images, *channels)) or min(above, below, left, right) < 0:
        return None
    rows, columns = image.shape[1:3]
    return Border(above, below, rows), Border(left, right, columns)


def _keeps_places(operator: Operator, tensors: list[Tensor], output: Tensor) -> bool:
    """Say whether all that is read has the output's rows and columns, or none of its own."""
    if operator.op == "CONCATENATION" and operator.options.get("axis") not in _CHANNELS:
        return False
    return all(
        _is_image(tensor) and tensor.shape[1:3] == output.shape[1:3]
        if tensor.data is None
        else operator.op != "CONCATENATION" and all(size == 1 for size in tensor.shape[-3:-1])
        for tensor in tensors
    )
