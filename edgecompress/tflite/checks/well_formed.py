"""What a model must have before anything is computed from it, checked right behind the reader.

Its tensors and their order (`sound`), how many inputs and outputs each operator has, of how many
dimensions, and of which types (`types`), and how shapes, options and constants go together
(`relations`, `moves`, `windows`). Source: the Prepare functions of tensorflow/lite/kernels.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from edgecompress.tflite.checks import moves, relations, types, windows
from edgecompress.tflite.checks.case import Case, Rule
from edgecompress.tflite.checks.sound import (
    check_calls,
    check_order,
    check_quantization,
    check_shape,
    damaged,
)
from edgecompress.tflite.graph import Operator, Subgraph, Tensor


@dataclass(frozen=True)
class Form:
    """Inputs that must be there, and the dimensions of some of them, by position."""

    inputs: int = 1
    ranks: Mapping[int, int] = field(default_factory=dict)
    at_least: Mapping[int, int] = field(default_factory=dict)
    outputs: int = 1
    output_rank: int | None = None


_IMAGE = {0: 4}
_VECTOR, _SERIES = {0: 1}, {0: 2}
_FORMS: Mapping[str, Form] = {
    "AVERAGE_POOL_2D": Form(ranks=_IMAGE, output_rank=4),
    "ARG_MAX": Form(2),
    "ARG_MIN": Form(2),
    "ASSIGN_VARIABLE": Form(2, outputs=0),
    "BATCH_MATMUL": Form(2, at_least={0: 2, 1: 2}),
    "BATCH_TO_SPACE_ND": Form(3, at_least=_SERIES),
    "BROADCAST_TO": Form(2),
    "CALL_ONCE": Form(0, outputs=0),
    "CUMSUM": Form(2),
    "CONV_2D": Form(2, ranks={0: 4, 1: 4}, output_rank=4),
    "DEPTHWISE_CONV_2D": Form(2, ranks={0: 4, 1: 4}, output_rank=4),
    "FULLY_CONNECTED": Form(2, ranks={1: 2}),
    "DEPTH_TO_SPACE": Form(ranks=_IMAGE, output_rank=4),
    "DYNAMIC_UPDATE_SLICE": Form(3),
    "EMBEDDING_LOOKUP": Form(2),
    "EXPAND_DIMS": Form(2),
    "FILL": Form(2),
    "GATHER": Form(2, at_least=_VECTOR),
    "GATHER_ND": Form(2),
    "IF": Form(outputs=0),
    "L2_POOL_2D": Form(ranks=_IMAGE, output_rank=4),
    "MAX_POOL_2D": Form(ranks=_IMAGE, output_rank=4),
    "MEAN": Form(2),
    "MIRROR_PAD": Form(2),
    "PAD": Form(2),
    "PADV2": Form(3),
    "PRELU": Form(2),
    "REDUCE_ALL": Form(2),
    "REDUCE_ANY": Form(2),
    "REDUCE_MAX": Form(2),
    "REDUCE_MIN": Form(2),
    "RESIZE_BILINEAR": Form(2, ranks=_IMAGE, output_rank=4),
    "RESIZE_NEAREST_NEIGHBOR": Form(2, ranks=_IMAGE, output_rank=4),
    "REVERSE_V2": Form(2),
    "SELECT_V2": Form(3),
    "SLICE": Form(3),
    "SOFTMAX": Form(at_least=_VECTOR),
    "SPACE_TO_DEPTH": Form(ranks=_IMAGE, output_rank=4),
    "SPACE_TO_BATCH_ND": Form(3, at_least=_SERIES),
    "SPLIT": Form(2, at_least={1: 1}),
    "SPLIT_V": Form(3, at_least=_VECTOR),
    "STRIDED_SLICE": Form(4, at_least=_VECTOR),
    "SUM": Form(2),
    "SVDF": Form(5, ranks={0: 2, 1: 2, 2: 2}),
    "TRANSPOSE": Form(2),
    "TRANSPOSE_CONV": Form(3, ranks={1: 4, 2: 4}, output_rank=4),
    "UNPACK": Form(at_least=_VECTOR),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Form(20, ranks={0: 3}, output_rank=3),
    "VAR_HANDLE": Form(0),
    "WHILE": Form(0, outputs=0),
    **dict.fromkeys(
        (
            "ADD", "DIV", "EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "MAXIMUM",
            "LOGICAL_AND", "LOGICAL_OR", "MINIMUM", "MUL", "NOT_EQUAL", "SQUARED_DIFFERENCE", "SUB",
        ),
        Form(2),
    ),
}  # fmt: skip
_ANY = Form()


def check_form(subgraphs: Sequence[Subgraph]) -> None:
    """Check all subgraphs of a model.

    Raises:
        ModelError: a tensor is of no possible shape or quantization, operators form a circle, or
            one lacks what its kernel needs; names the tensor or operator.
    """
    for subgraph in subgraphs:
        for tensor in subgraph.tensors:
            check_shape(tensor)
        for operator in subgraph.operators:
            if not operator.op.startswith("CUSTOM:"):
                _check_operator(operator, subgraph.tensors)
        for tensor in subgraph.tensors:
            check_quantization(tensor)
        check_order(subgraph)
    check_calls(subgraphs)


@contextmanager
def computing(operator: Operator) -> Iterator[None]:
    """Refuse an operator that something cannot be computed for, though no rule here foresaw it.

    Raises:
        ModelError: what is computed within divides by zero, leaves an array, or the like.
    """
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise damaged(
            operator,
            "has shapes, options or constants that do not go together "
            f"({type(error).__name__}: {error})",
        ) from error


def _check_operator(operator: Operator, tensors: Sequence[Tensor]) -> None:
    form = _FORMS.get(operator.op, _ANY)
    there = [index >= 0 for index in operator.inputs[: form.inputs]]
    # An LSTM may leave optional weights out: only their places must be there.
    optional = operator.op == "UNIDIRECTIONAL_SEQUENCE_LSTM"
    if len(there) < form.inputs or not (optional or all(there)):
        raise damaged(operator, f"has {sum(there)} inputs of the {form.inputs} it needs")
    if len(operator.outputs) < form.outputs:
        raise damaged(operator, "has no output")
    _check_ranks(operator, tensors, form)
    case = Case(operator, tensors)
    _check_rules(case, types.RULES)
    if not _is_dynamic(operator, tensors):
        for room in (relations, moves, windows):
            _check_rules(case, room.RULES)


def _check_ranks(operator: Operator, tensors: Sequence[Tensor], form: Form) -> None:
    shapes = [tensors[index].shape if index >= 0 else () for index in operator.inputs]
    for place, rank in (*form.ranks.items(), *form.at_least.items()):
        exact = place in form.ranks
        if len(shapes[place]) < rank or (exact and len(shapes[place]) > rank):
            raise damaged(
                operator, f"reads a tensor of shape {list(shapes[place])} as input {place}"
            )
    outputs = [tensors[index].shape for index in operator.outputs[: form.outputs]]
    if form.output_rank is not None and any(len(each) != form.output_rank for each in outputs):
        raise damaged(operator, f"writes a tensor of shape {list(outputs[0])}")


def _is_dynamic(operator: Operator, tensors: Sequence[Tensor]) -> bool:
    """Say whether shapes are known only when the model runs; what runs them fixes them first."""
    indices = [index for index in (*operator.inputs, *operator.outputs) if index >= 0]
    shapes = [(tensors[i].shape, tensors[i].shape_signature) for i in indices]
    return any(0 in shape or (shape and -1 in signature) for shape, signature in shapes)


def _check_rules(case: Case, rules: Mapping[str, Sequence[Rule]]) -> None:
    for rule in rules.get(case.operator.op, ()):
        for problem in rule(case):
            raise damaged(case.operator, problem)
