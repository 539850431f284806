"""How the shapes, options and constants of an operator must go together, by operator.

Each rule yields what is wrong, in the words of a message: "has a stride of 0".
Source: the Prepare functions of tensorflow/lite/kernels.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from math import prod

from edgecompress.tflite.checks.case import Case, Rule, axis_within


def _equal_shapes(case: Case) -> Iterator[str]:
    if case.shape(0) != case.output():
        yield f"makes {list(case.output())} of {list(case.shape(0))}"


def _equal_elements(case: Case) -> Iterator[str]:
    if prod(case.shape(0)) != prod(case.output()):
        yield f"makes {list(case.output())} of {list(case.shape(0))}"


def _broadcast(case: Case) -> Iterator[str]:
    shapes = [shape for shape in case.inputs() if shape is not None]
    columns = zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1)
    sizes = [set(column) - {1} for column in columns]
    together = tuple(max(each, default=1) for each in sizes)[::-1]
    if any(len(each) > 1 for each in sizes) or together != case.output():
        yield f"makes {list(case.output())} of {' and '.join(str(list(s)) for s in shapes)}"


def _axis_in(place: int) -> Rule:
    def rule(case: Case) -> Iterator[str]:
        for axis in case.values(place) or ():
            yield from axis_within(axis, max(1, len(case.shape(0))))

    return rule


def _reduction(case: Case) -> Iterator[str]:
    shape, axes = case.shape(0), case.values(1)
    for axis in axes or ():
        yield from axis_within(axis, max(1, len(shape)))
    if axes is not None:
        gone = {axis % max(1, len(shape)) for axis in axes}
        left = prod(size for axis, size in enumerate(shape) if axis not in gone)
        if left != prod(case.output()):
            yield f"reduces {list(shape)} along {axes} to {list(case.output())}"


def _transpose(case: Case) -> Iterator[str]:
    shape, order = case.shape(0), case.values(1)
    if order is None:
        return
    if sorted(order) != list(range(len(shape))):
        yield f"orders {len(shape)} axes by {order}"
    elif tuple(shape[axis] for axis in order) != case.output():
        yield f"makes {list(case.output())} of {list(shape)} by the order {order}"


def _gather(case: Case) -> Iterator[str]:
    axis, batches = case.option("axis"), case.option("batch_dims")
    yield from axis_within(axis, len(case.shape(0)))
    yield from axis_within(batches, len(case.shape(1)) + 1)
    if batches:
        return
    axis %= len(case.shape(0))
    source = case.shape(0)
    if case.output() != source[:axis] + case.shape(1) + source[axis + 1 :]:
        yield f"gathers {list(case.output())} out of {list(source)} along axis {axis}"


def _gather_nd(case: Case) -> Iterator[str]:
    source, indices = case.shape(0), case.shape(1)
    if not indices or indices[-1] > len(source):
        yield f"finds places of {list(source)} by {list(indices)}"
    elif case.output() != indices[:-1] + source[indices[-1] :]:
        yield f"gathers {list(case.output())} out of {list(source)}"


def _embedding(case: Case) -> Iterator[str]:
    rows, table = case.shape(0), case.shape(1)
    if not table or case.output() != rows + table[1:]:
        yield f"looks {list(case.output())} up in {list(table)}"


def _broadcast_to(case: Case) -> Iterator[str]:
    source, out = case.shape(0)[::-1], case.output()[::-1]
    pairs = zip(source, out, strict=False)
    if len(source) > len(out) or any(size not in (1, wanted) for size, wanted in pairs):
        yield f"repeats {list(case.shape(0))} as {list(case.output())}"


_SINGLE = (
    "ABS", "CAST", "CEIL", "COS", "CUMSUM", "DEQUANTIZE", "ELU", "EXP", "FLOOR", "HARD_SWISH",
    "L2_NORMALIZATION", "LEAKY_RELU", "LOG", "LOGICAL_NOT", "LOGISTIC", "LOG_SOFTMAX", "NEG",
    "QUANTIZE", "RELU", "RELU6", "RELU_N1_TO_1", "REVERSE_V2", "ROUND", "RSQRT", "SIN", "SOFTMAX",
    "SQRT", "SQUARE", "TANH", "ZEROS_LIKE",
)  # fmt: skip
_PAIRS = (
    "ADD", "ADD_N", "DIV", "EQUAL", "FLOOR_DIV", "FLOOR_MOD", "GREATER", "GREATER_EQUAL", "LESS",
    "LESS_EQUAL", "LOGICAL_AND", "LOGICAL_OR", "MAXIMUM", "MINIMUM", "MUL", "NOT_EQUAL", "PRELU",
    "SELECT_V2", "SQUARED_DIFFERENCE", "SUB",
)  # fmt: skip
RULES: Mapping[str, Sequence[Rule]] = {
    **dict.fromkeys(_SINGLE, (_equal_shapes,)),
    **dict.fromkeys(_PAIRS, (_broadcast,)),
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), (_equal_elements,)),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ANY", "REDUCE_ALL"),
                    (_reduction,)),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN"), (_axis_in(1),)),
    "BROADCAST_TO": (_broadcast_to,),
    "CUMSUM": (_equal_shapes, _axis_in(1)),
    "EMBEDDING_LOOKUP": (_embedding,),
    "GATHER": (_gather,),
    "GATHER_ND": (_gather_nd,),
    "REVERSE_V2": (_equal_shapes, _axis_in(1)),
    "TRANSPOSE": (_transpose,),
}  # fmt: skip
