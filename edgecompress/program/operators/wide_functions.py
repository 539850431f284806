"""Functions of single int16 values."""

import math
from collections.abc import Sequence

import numpy as np

from edgecompress.program.fixed_point import quantize_multiplier
from edgecompress.program.node import Node, scale_of, zero_point_of
from edgecompress.program.operands import in_place_inputs
from edgecompress.program.program import Call
from edgecompress.program.sigmoid import sigmoid_table

# Units of the sigmoid's table: 3/4 of the value, in 2^-14. Source: kernels/logistic_common.cc.
_TABLE_UNITS = 3 * 4096
_LARGEST_MULTIPLIER = 32767
_POWER_TOLERANCE = 1e-3  # CheckedLog2 of lite/kernels/internal/quantization_util.cc
_TWO = (1 << 30, 1)  # the multiplier of one: 2^30 / 2^31 * 2^1


def logistic(node: Node) -> Sequence[Call]:
    """Return the call for LOGISTIC."""
    return [_curve(node, "logistic_s16", (0,))]


def tanh(node: Node) -> Sequence[Call]:
    """Return the call for TANH."""
    return [_curve(node, "tanh_s16", (0, 1))]


def _curve(node: Node, kernel: str, shifts: Sequence[int]) -> Call:
    value, output = node.input(0), node.output()
    node.need_type(output, "INT16")
    multiplier, shift = _table_multiplier(node, float(scale_of(value)), shifts)
    return Call(
        kernel=kernel,
        layer=node.layer,
        fields={
            "sigmoid": sigmoid_table(),
            "count": value.elements,
            "multiplier": multiplier,
            "shift": shift,
        },
        inputs=(value.index,),
        outputs=(output.index,),
        in_place=in_place_inputs(output, value),
    )


def _table_multiplier(node: Node, scale: float, shifts: Sequence[int]) -> tuple[int, int]:
    """Return what takes values to units of the table: exact for the powers of two of `shifts`."""
    power = math.log2(scale)
    exact = round(power) + 12
    if abs(power - round(power)) < _POWER_TOLERANCE and exact in shifts:
        return 3 << exact, 0
    real, shift = scale * _TABLE_UNITS, 0
    while real <= _LARGEST_MULTIPLIER / 2 and shift <= 30:  # noqa: PLR2004 - bits of a value
        real, shift = 2 * real, shift + 1
    if int(real) > _LARGEST_MULTIPLIER:
        raise node.refuse(f"the scale of its input is {scale:g}")
    return int(real), shift


def relu(node: Node) -> Sequence[Call]:
    """Return the call for RELU."""
    value, output = node.input(0), node.output()
    pair = quantize_multiplier(float(scale_of(value)) / float(scale_of(output)))
    return [_two_lines(node, pair, pair, (zero_point_of(output), np.iinfo(np.int16).max))]


def relu6(node: Node) -> Sequence[Call]:
    """Return the call for RELU6, which only limits: TFLM takes the input's scale for both."""
    value = node.input(0)
    zero = zero_point_of(value)
    six = zero + math.floor(6 / float(scale_of(value)) + 0.5)
    call = _two_lines(node, _TWO, _TWO, (zero, min(six, np.iinfo(np.int16).max)))
    return [Call(**{**vars(call), "fields": {**call.fields, "zero_point": zero}})]


def absolute(node: Node) -> Sequence[Call]:
    """Return the call for ABS: of negative values by a negative multiplier, so halves go up too."""
    real = float(scale_of(node.input(0))) / float(scale_of(node.output()))
    multiplier, shift = quantize_multiplier(real)
    limits = (np.iinfo(np.int16).min, np.iinfo(np.int16).max)
    return [_two_lines(node, (multiplier, shift), (-multiplier, shift), limits)]


def leaky_relu(node: Node) -> Sequence[Call]:
    """Return the call for LEAKY_RELU."""
    real = float(scale_of(node.input(0))) / float(scale_of(node.output()))
    alpha = float(node.option("alpha", 0.0))
    slope = float(scale_of(node.input(0))) * alpha / float(scale_of(node.output()))
    negative = quantize_multiplier(abs(slope))
    limits = (np.iinfo(np.int16).min, np.iinfo(np.int16).max)
    sign = -1 if alpha < 0 else 1
    return [_two_lines(node, quantize_multiplier(real), negative, limits, sign)]


def _two_lines(
    node: Node,
    pair: tuple[int, int],
    negative: tuple[int, int],
    limits: tuple[int, int],
    sign: int = 1,
) -> Call:
    value, output = node.input(0), node.output()
    for tensor in (value, output):
        node.need_type(tensor, "INT16")
    return Call(
        kernel="relu_s16",
        layer=node.layer,
        fields={
            "count": value.elements, "offset": -zero_point_of(value),
            "multiplier": pair[0], "negative_multiplier": negative[0],
            "zero_point": zero_point_of(output), "low": limits[0], "high": limits[1],
            "shift": pair[1], "negative_shift": negative[1], "negative_sign": sign,
        },
        inputs=(value.index,),
        outputs=(output.index,),
        in_place=in_place_inputs(output, value),
    )  # fmt: skip
