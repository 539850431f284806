"""Operators that make one of the values along some axes."""

from collections.abc import Sequence
from math import prod

from edgecompress.program.boxes import strides_of
from edgecompress.program.fixed_point import quantize_multiplier
from edgecompress.program.node import Node, scale_of, values_of, zero_point_of
from edgecompress.program.operands import of_type, operand
from edgecompress.program.program import Call, Field

_AXES = 3  # kEcReduceAxes of templates/c/kernels/reduce.h
_LARGEST_SHIFT = 32
_LEAST_SHIFT = -31
_Axis = tuple[int, int]  # extent, stride


def mean(node: Node) -> Sequence[Call]:
    """Return the call for MEAN.

    The multiplier is over the number of values, by an integer division that keeps as many bits as
    there are. Source: QuantizedMeanOrSum in tensorflow/lite/kernels/internal/reference/reduce.h.
    """
    value, output = node.input(0), node.output()
    multiplier, shift = quantize_multiplier(float(scale_of(value)) / float(scale_of(output)))
    count = value.elements // output.elements
    bits = min(count.bit_length() - 1, _LARGEST_SHIFT, shift - _LEAST_SHIFT)
    return [_sum(node, (multiplier << bits) // count, shift - bits)]


def total(node: Node) -> Sequence[Call]:
    """Return the call for SUM."""
    value, output = node.input(0), node.output()
    real = float(scale_of(value)) / float(scale_of(output))
    return [_sum(node, *quantize_multiplier(real))]


def largest(node: Node) -> Sequence[Call]:
    """Return the call for REDUCE_MAX, and for REDUCE_ANY of truth values."""
    return [_extreme(node, 0)]


def least(node: Node) -> Sequence[Call]:
    """Return the call for REDUCE_MIN, and for REDUCE_ALL of truth values."""
    return [_extreme(node, -1)]


def arg_max(node: Node) -> Sequence[Call]:
    """Return the call for ARG_MAX."""
    return [_place(node, 0)]


def arg_min(node: Node) -> Sequence[Call]:
    """Return the call for ARG_MIN."""
    return [_place(node, -1)]


def cumulative_sum(node: Node) -> Sequence[Call]:
    """Return the call for CUMSUM.

    Inputs are shifted by 20 bits and halved, which their common scale amounts to where there is
    one input. Source: kernels/cumsum.cc of TFLM.
    """
    value, output = node.input(0), node.output()
    node.need_type(value, "INT8")
    outer, depth, inner = _around(value.shape, int(values_of(node.input(1)).ravel()[0]))
    multiplier, shift = quantize_multiplier(
        2 * float(scale_of(value)) / ((1 << 20) * float(scale_of(output)))
    )
    is_reverse = bool(node.option("reverse"))
    fields: dict[str, Field] = {
        "outer": outer,
        "depth": depth,
        "inner": inner,
        "first": (depth - 1) * inner if is_reverse else 0,
        "step": -inner if is_reverse else inner,
        "multiplier": multiplier,
        "left_shift": 19,
        "shift": shift,
        "offset": -zero_point_of(value),
        "zero_point": zero_point_of(output),
        "is_exclusive": int(bool(node.option("exclusive"))),
    }
    return [_call(node, "cumsum_s8", fields)]


def _sum(node: Node, multiplier: int, shift: int) -> Call:
    value, output = node.input(0), node.output()
    count = value.elements // output.elements
    fields: dict[str, Field] = {
        "axes": _axes(node),
        "offset": -zero_point_of(value) * count,
        "multiplier": multiplier,
        "shift": shift,
        "zero_point": zero_point_of(output),
    }
    return _call(node, of_type(node, "mean", value, output), fields)


def _extreme(node: Node, flip: int) -> Call:
    node.need_type(node.input(0), "INT8", "BOOL")
    return _call(node, "reduce_max_s8", {"axes": _axes(node), "flip": flip})


def _place(node: Node, flip: int) -> Call:
    value = node.input(0)
    node.need_type(value, "INT8")
    node.need_type(node.output(), "INT32")
    outer, depth, inner = _around(value.shape, int(values_of(node.input(1)).ravel()[0]))
    fields: dict[str, Field] = {"outer": outer, "depth": depth, "inner": inner, "flip": flip}
    return _call(node, "arg_max_s8", fields)


def _around(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """Return how many elements lie before, along and behind an axis."""
    axis %= len(shape)
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def _axes(node: Node) -> tuple[list[int], ...]:
    """Return the fields of an EcReduce, in order."""
    value = node.input(0)
    wanted = {int(axis) % max(len(value.shape), 1) for axis in values_of(node.input(1)).ravel()}
    kinds: tuple[list[_Axis], list[_Axis]] = [], []  # kept, reduced
    last = None
    for axis, (extent, stride) in enumerate(zip(value.shape, strides_of(value.shape), strict=True)):
        if extent == 1:
            continue
        kind = int(axis in wanted)
        if kind == last:
            extent_before, _ = kinds[kind].pop()
            kinds[kind].append((extent_before * extent, stride))
        else:
            kinds[kind].append((extent, stride))
        last = kind
    return *_filled(node, kinds[0]), *_filled(node, kinds[1])


def _filled(node: Node, axes: list[_Axis]) -> tuple[list[int], list[int]]:
    missing = _AXES - len(axes)
    if missing < 0:
        raise node.refuse(f"it reduces a tensor along {len(axes)} axes; {_AXES} are the most")
    return (
        [1] * missing + [extent for extent, _ in axes],
        [0] * missing + [stride for _, stride in axes],
    )


def _call(node: Node, kernel: str, fields: dict[str, Field]) -> Call:
    value = node.input(0)
    return Call(
        kernel=kernel,
        layer=node.layer,
        fields=fields,
        inputs=(operand(value),),
        outputs=(node.output().index,),
    )
