"""Operators of int16 values with two inputs, and those that sum over axes or windows."""

from collections.abc import Sequence
from math import prod

from edgecompress.program.activation import activation_range
from edgecompress.program.boxes import strides_of
from edgecompress.program.broadcast import broadcast_fields
from edgecompress.program.fixed_point import quantize_multiplier
from edgecompress.program.node import Node, scale_of, values_of, zero_point_of
from edgecompress.program.operands import in_place_inputs, operand
from edgecompress.program.operators.pooling import pool_fields
from edgecompress.program.program import Call
from edgecompress.program.wide import reduced_multiplier
from edgecompress.tflite.graph import Tensor

_LEFT_SHIFT = 15  # of inputs before they are scaled. Source: kernels/add_common.cc of TFLM
_AXES = 4  # kEcMeanAxes of templates/c/kernels/mean_s16.h
_MATRIX_AXES = 3  # kEcMatrixAxes of templates/c/kernels/batch_matmul_s16.h


def _need_wide(node: Node, *tensors: Tensor) -> None:
    for tensor in tensors:
        node.need_type(tensor, "INT16")


def add(node: Node) -> Sequence[Call]:
    """Return the call for ADD."""
    return [_sum(node, 1)]


def subtract(node: Node) -> Sequence[Call]:
    """Return the call for SUB."""
    return [_sum(node, -1)]


def _sum(node: Node, sign: int) -> Call:
    one, two, output = node.input(0), node.input(1), node.output()
    _need_wide(node, one, two, output)
    scales = [float(scale_of(tensor)) for tensor in (one, two, output)]
    twice = 2 * max(scales[:2])
    reals = (scales[0] / twice, scales[1] / twice, twice / ((1 << _LEFT_SHIFT) * scales[2]))
    pairs = [quantize_multiplier(real) for real in reals]
    low, high = activation_range(node, output)
    return Call(
        kernel="add_s16",
        layer=node.layer,
        fields={
            "shape": broadcast_fields(node, one, two, output),
            "multiplier1": pairs[0][0], "multiplier2": pairs[1][0], "multiplier": pairs[2][0],
            "offset1": -zero_point_of(one), "offset2": -zero_point_of(two),
            "left_shift": _LEFT_SHIFT,
            "shift1": pairs[0][1], "shift2": pairs[1][1], "shift": pairs[2][1],
            "sign2": sign, "zero_point": zero_point_of(output), "low": low, "high": high,
        },
        inputs=(operand(one), operand(two)),
        outputs=(output.index,),
        in_place=in_place_inputs(output, one, two),
    )  # fmt: skip


def multiply(node: Node) -> Sequence[Call]:
    """Return the call for MUL."""
    one, two, output = node.input(0), node.input(1), node.output()
    _need_wide(node, one, two, output)
    if zero_point_of(one) or zero_point_of(two):
        raise node.refuse("an input's zero point is not zero")
    real = float(scale_of(one)) * float(scale_of(two)) / float(scale_of(output))
    multiplier, shift = quantize_multiplier(real)
    low, high = activation_range(node, output)
    return [
        Call(
            kernel="mul_s16",
            layer=node.layer,
            fields={
                "shape": broadcast_fields(node, one, two, output),
                "multiplier": multiplier, "shift": shift,
                "zero_point": zero_point_of(output), "low": low, "high": high,
            },
            inputs=(operand(one), operand(two)),
            outputs=(output.index,),
            in_place=in_place_inputs(output, one, two),
        )
    ]  # fmt: skip


def average_pool(node: Node) -> Sequence[Call]:
    """Return the call for AVERAGE_POOL_2D."""
    return [_pool(node, is_average=1)]


def max_pool(node: Node) -> Sequence[Call]:
    """Return the call for MAX_POOL_2D."""
    return [_pool(node, is_average=0)]


def _pool(node: Node, *, is_average: int) -> Call:
    image, output = node.input(0), node.output()
    _need_wide(node, image, output)
    if image.shape[0] != 1:
        raise node.refuse(f"its batch is {image.shape[0]}")
    return Call(
        kernel="pool_s16",
        layer=node.layer,
        fields={**pool_fields(node, image, output), "is_average": is_average},
        inputs=(image.index,),
        outputs=(output.index,),
    )


def mean(node: Node) -> Sequence[Call]:
    """Return the call for MEAN, whose multiplier is divided by the number of values.

    Source: QuantizedMeanOrSum in lite/kernels/internal/reference/reduce.h.
    """
    value = node.input(0)
    count = prod(value.shape[axis] for axis in _axes(node))
    multiplier, shift = quantize_multiplier(_ratio(node))
    moved = min(count.bit_length() - 1, 32, 31 + shift)
    return [_reduced(node, (multiplier << moved) // count, shift - moved)]


def sum_(node: Node) -> Sequence[Call]:
    """Return the call for SUM."""
    return [_reduced(node, *quantize_multiplier(_ratio(node)))]


def _ratio(node: Node) -> float:
    return float(scale_of(node.input(0))) / float(scale_of(node.output()))


def _axes(node: Node) -> list[int]:
    rank = len(node.input(0).shape)
    return sorted({int(axis) % rank for axis in values_of(node.input(1)).ravel()})


def _reduced(node: Node, multiplier: int, shift: int) -> Call:
    value, output = node.input(0), node.output()
    _need_wide(node, value, output)
    summed = _axes(node)
    kept = [axis for axis in range(len(value.shape)) if axis not in summed]
    count = prod(value.shape[axis] for axis in summed)
    return Call(
        kernel="mean_s16",
        layer=node.layer,
        fields={
            "kept": _walked(node, value, kept), "summed": _walked(node, value, summed),
            "offset": -count * zero_point_of(value), "multiplier": multiplier, "shift": shift,
            "zero_point": zero_point_of(output),
        },
        inputs=(value.index,),
        outputs=(output.index,),
    )  # fmt: skip


def _walked(node: Node, value: Tensor, axes: Sequence[int]) -> Sequence[int | Sequence[int]]:
    """Return the fields of an EcMeanAxes: neighbours joined, the innermost first."""
    strides = strides_of(value.shape)
    found: list[list[int]] = []
    for axis in reversed(axes):
        extent = value.shape[axis]
        if found and found[-1][1] * found[-1][0] == strides[axis]:
            found[-1][0] *= extent
        elif extent > 1:
            found.append([extent, strides[axis]])
    if len(found) > _AXES:
        raise node.refuse(f"it goes along {len(found)} axes; {_AXES} are the most")
    found += [[1, 0]] * (_AXES - len(found))
    extents = [extent for extent, _ in found]
    return [prod(extents), extents, [stride for _, stride in found]]


def batch_matmul(node: Node) -> Sequence[Call]:
    """Return the call for BATCH_MATMUL."""
    one, two, output = node.input(0), node.input(1), node.output()
    _need_wide(node, one, two, output)
    rows, columns = output.shape[-2:]
    is_turned1, is_turned2 = bool(node.option("adj_x")), bool(node.option("adj_y"))
    depth = one.shape[-2 if is_turned1 else -1]
    real = float(scale_of(one)) * float(scale_of(two)) / float(scale_of(output))
    multiplier, shift = reduced_multiplier(node, *quantize_multiplier(real))
    batches = output.shape[:-2]
    if len(batches) > _MATRIX_AXES:
        raise node.refuse(
            f"its matrices lie along {len(batches)} axes; {_MATRIX_AXES} are the most"
        )
    return [
        Call(
            kernel="batch_matmul_s16",
            layer=node.layer,
            fields={
                "extents": [1] * (_MATRIX_AXES - len(batches)) + list(batches),
                "strides1": _batch_strides(one), "strides2": _batch_strides(two),
                "rows": rows, "columns": columns, "depth": depth,
                "row_stride": 1 if is_turned1 else depth,
                "depth_stride1": rows if is_turned1 else 1,
                "depth_stride2": 1 if is_turned2 else columns,
                "column_stride": depth if is_turned2 else 1,
                "offset1": -zero_point_of(one), "offset2": -zero_point_of(two),
                "multiplier": multiplier, "shift": shift, "zero_point": zero_point_of(output),
            },
            inputs=(operand(one), operand(two)),
            outputs=(output.index,),
            macs=output.elements * depth,
        )
    ]  # fmt: skip


def _batch_strides(tensor: Tensor) -> list[int]:
    """Return the strides of the axes before a matrix's; 0 where it is repeated."""
    strides = strides_of(tensor.shape)[:-2]
    shown = [0 if n == 1 else s for n, s in zip(tensor.shape, strides, strict=False)]
    return [0] * (_MATRIX_AXES - len(shown)) + shown
