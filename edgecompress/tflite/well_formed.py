"""What a model's operators must have before anything is computed from their shapes.

Checked once, right behind the reader: how many inputs and outputs each has, and how many dimensions
these have where a kernel indexes them.
Source: the Prepare functions of tensorflow/lite/kernels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgecompress.errors import ModelError
from edgecompress.tflite.graph import Operator, Subgraph, Tensor

_MOST_DIMENSIONS = 8  # of any tensor; TFLM's kernels know five, slices and reshapes a few more
_MOST_ELEMENTS = 1 << 31  # beyond it, sizes do not fit the int32 they are computed in
# Operators that need neither an input nor an output.
_BARE = frozenset({"ASSIGN_VARIABLE", "CALL_ONCE", "VAR_HANDLE", "WHILE", "IF"})


@dataclass(frozen=True)
class Form:
    """Inputs that must be there, and the dimensions of some of them, by position."""

    inputs: int = 1
    ranks: Mapping[int, int] = field(default_factory=dict)
    at_least: Mapping[int, int] = field(default_factory=dict)
    outputs: int = 1
    output_rank: int | None = None


_IMAGE = {0: 4}
_FORMS: Mapping[str, Form] = {
    "AVERAGE_POOL_2D": Form(ranks=_IMAGE, output_rank=4),
    "BATCH_MATMUL": Form(2, at_least={0: 2, 1: 2}),
    "BATCH_TO_SPACE_ND": Form(3),
    "CONV_2D": Form(2, ranks={0: 4, 1: 4}, output_rank=4),
    "DEPTHWISE_CONV_2D": Form(2, ranks={0: 4, 1: 4}, output_rank=4),
    "FULLY_CONNECTED": Form(2, ranks={1: 2}),
    "GATHER": Form(2),
    "L2_POOL_2D": Form(ranks=_IMAGE, output_rank=4),
    "MAX_POOL_2D": Form(ranks=_IMAGE, output_rank=4),
    "MEAN": Form(2),
    "PAD": Form(2),
    "PADV2": Form(3),
    "PRELU": Form(2),
    "REDUCE_MAX": Form(2),
    "RESIZE_BILINEAR": Form(2, ranks=_IMAGE, output_rank=4),
    "RESIZE_NEAREST_NEIGHBOR": Form(2, ranks=_IMAGE, output_rank=4),
    "SLICE": Form(3),
    "SPACE_TO_BATCH_ND": Form(3),
    "SPLIT": Form(2),
    "SPLIT_V": Form(3),
    "STRIDED_SLICE": Form(4),
    "SUM": Form(2),
    "SVDF": Form(5, ranks={0: 2, 1: 2, 2: 2}),
    "TRANSPOSE": Form(2),
    "TRANSPOSE_CONV": Form(3, ranks={1: 4, 2: 4}, output_rank=4),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Form(20, ranks={0: 3}, output_rank=3),
    **dict.fromkeys(
        (
            "ADD", "DIV", "EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "MAXIMUM",
            "MINIMUM", "MUL", "NOT_EQUAL", "SQUARED_DIFFERENCE", "SUB",
        ),
        Form(2),
    ),
}  # fmt: skip
_ANY = Form()


def check_form(subgraph: Subgraph) -> None:
    """Check the tensors' sizes, and each operator's inputs and outputs.

    Raises:
        ModelError: a dimension is negative or there are too many, or an operator lacks what its
            kernel needs; names the operator.
    """
    for tensor in subgraph.tensors:
        _check_tensor(tensor)
    for operator in subgraph.operators:
        if operator.op not in _BARE and not operator.op.startswith("CUSTOM:"):
            _check_operator(operator, subgraph.tensors)


def _check_tensor(tensor: Tensor) -> None:
    shape = list(tensor.shape)
    if len(shape) > _MOST_DIMENSIONS or any(size < 0 for size in shape):
        raise ModelError(
            f"tensor {tensor.index} ({tensor.name}) has the shape {shape[: _MOST_DIMENSIONS + 1]}, "
            "which no operator takes: the file is damaged. Copy or convert it again"
        )
    if tensor.elements >= _MOST_ELEMENTS:
        raise ModelError(
            f"tensor {tensor.index} ({tensor.name}) of shape {shape} has more than 2^31 elements"
        )


def _check_operator(operator: Operator, tensors: Sequence[Tensor]) -> None:
    form = _FORMS.get(operator.op, _ANY)
    there = [index >= 0 for index in operator.inputs[: form.inputs]]
    # An LSTM may leave optional weights out: only their places must be there.
    optional = operator.op == "UNIDIRECTIONAL_SEQUENCE_LSTM"
    if len(there) < form.inputs or not (optional or all(there)):
        raise _damaged(operator, f"has {sum(there)} inputs of the {form.inputs} it needs")
    if len(operator.outputs) < form.outputs:
        raise _damaged(operator, "has no output")
    shapes = [tensors[index].shape if index >= 0 else () for index in operator.inputs]
    for place, rank in (*form.ranks.items(), *form.at_least.items()):
        exact = place in form.ranks
        if len(shapes[place]) < rank or (exact and len(shapes[place]) > rank):
            raise _damaged(
                operator, f"reads a tensor of shape {list(shapes[place])} as input {place}"
            )
    output = tensors[operator.outputs[0]].shape
    if form.output_rank is not None and len(output) != form.output_rank:
        raise _damaged(operator, f"writes a tensor of shape {list(output)}")


def _damaged(operator: Operator, what: str) -> ModelError:
    return ModelError(
        f"operator {operator.index} ({operator.op}) {what}: the file is damaged. Copy or convert "
        "it again"
    )
