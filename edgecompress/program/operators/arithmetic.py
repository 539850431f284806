"""Operators of two inputs."""

from collections.abc import Mapping, Sequence

import numpy as np

from edgecompress.program.activation import activation_range
from edgecompress.program.broadcast import broadcast_fields
from edgecompress.program.fixed_point import quantize_multiplier
from edgecompress.program.node import Node, scale_of, zero_point_of
from edgecompress.program.operands import in_place_inputs, of_type, operand
from edgecompress.program.program import Call, Field
from edgecompress.program.scaled import SHORT_SHIFTS
from edgecompress.program.weights import product_multiplier
from edgecompress.tflite.graph import Tensor

# Bits that inputs are shifted left by before they are scaled to a common scale, by type.
# Source: kernels/add_common.cc and squared_difference.cc of TFLM.
_LEFT_SHIFTS: Mapping[str, int] = {"INT8": 20, "INT16": 15}
_LEFT_SHIFT = _LEFT_SHIFTS["INT8"]
_LEFT_SHIFTS_OF_SQUARES: Mapping[str, int] = {"INT8": 7, "INT16": 0}
_MOST_INPUTS = 4  # of ADD_N: templates/c/kernels/add_n_s8.h


def add(node: Node) -> Sequence[Call]:
    """Return the call for ADD."""
    return [_sum(node, 1)]


def subtract(node: Node) -> Sequence[Call]:
    """Return the call for SUB."""
    return [_sum(node, -1)]


def squared_difference(node: Node) -> Sequence[Call]:
    """Return the call for SQUARED_DIFFERENCE."""
    one, two, output = tensors_of(node)
    kernel = of_type(node, "squared_difference", one, two, output)
    limits = np.iinfo(np.dtype(one.type.lower()))
    fields: dict[str, Field] = {
        **_common_scale(one, two, output, _LEFT_SHIFTS_OF_SQUARES[one.type], power=2),
        "sign2": -1,
        "low": int(limits.min),
        "high": int(limits.max),
        "is_plain": 0,
    }
    return [_call(node, kernel, fields)]


def multiply(node: Node) -> Sequence[Call]:
    """Return the call for MUL."""
    one, two, output = tensors_of(node)
    kernel = of_type(node, "mul", one, two, output)
    if one.type == "INT16" and (zero_point_of(one) or zero_point_of(two)):
        raise node.refuse("an input's zero point is not zero")
    return [_call(node, kernel, _scaled_fields(node, *product_multiplier(one, two, output)))]


def divide(node: Node) -> Sequence[Call]:
    """Return the call for DIV; its real multiplier is rounded to float32 on the way."""
    one, two, output = _int8_tensors(node)
    scale1, scale2, scale = (np.float32(scale_of(tensor)) for tensor in (one, two, output))
    real = float(scale1 / (scale2 * scale))
    return [_call(node, "div_s8", _scaled_fields(node, *quantize_multiplier(real)))]


def maximum(node: Node) -> Sequence[Call]:
    """Return the call for MAXIMUM, and for LOGICAL_OR of truth values."""
    return [_larger(node, 0)]


def minimum(node: Node) -> Sequence[Call]:
    """Return the call for MINIMUM, and for LOGICAL_AND of truth values."""
    return [_larger(node, -1)]


def prelu(node: Node) -> Sequence[Call]:
    """Return the call for PRELU."""
    value, alpha, output = tensors_of(node)
    kernel = of_type(node, "prelu", value, output)
    node.need_type(alpha, "INT8")
    multiplier, shift = quantize_multiplier(float(scale_of(value)) / float(scale_of(output)))
    alpha_multiplier, alpha_shift = product_multiplier(value, alpha, output)
    fields: dict[str, Field] = {
        "multiplier": multiplier,
        "alpha_multiplier": alpha_multiplier,
        "shift": shift,
        "alpha_shift": alpha_shift,
        "offset": -zero_point_of(value),
        "alpha_offset": -zero_point_of(alpha),
        "zero_point": zero_point_of(output),
    }
    return [_call(node, kernel, fields)]


def add_n(node: Node) -> Sequence[Call]:
    """Return the call for ADD_N of two to four tensors.

    The offset is counted once more than there are inputs, as TFLM's sum begins with it.
    Source: AddN in tensorflow/lite/kernels/internal/reference/add_n.h.
    """
    output = node.output()
    tensors = [node.input(i) for i in range(len(node.operator.inputs))]
    for tensor in (*tensors, output):
        node.need_type(tensor, "INT8")
    if len(tensors) > _MOST_INPUTS:
        raise node.refuse(f"it adds {len(tensors)} tensors; {_MOST_INPUTS} are the most")
    one = tensors[0]
    multiplier, shift = quantize_multiplier(
        2 * float(scale_of(one)) / ((1 << _LEFT_SHIFT) * float(scale_of(output)))
    )
    fields: dict[str, Field] = {
        "count": output.elements,
        "offset": -zero_point_of(one) * (len(tensors) + 1),
        "left_shift": _LEFT_SHIFT - 1,
        "multiplier": multiplier,
        "inputs": len(tensors),
        "shift": shift,
        "zero_point": zero_point_of(output),
    }
    padded = (*tensors, *[one] * (_MOST_INPUTS - len(tensors)))
    return [
        Call(
            kernel="add_n_s8",
            layer=node.layer,
            fields=fields,
            inputs=tuple(operand(tensor) for tensor in padded),
            outputs=(output.index,),
            in_place=in_place_inputs(output, *tensors),
        )
    ]


def tensors_of(node: Node) -> tuple[Tensor, Tensor, Tensor]:
    """Return the two inputs and the output of an operator."""
    return node.input(0), node.input(1), node.output()


def _int8_tensors(node: Node) -> tuple[Tensor, Tensor, Tensor]:
    tensors = tensors_of(node)
    for tensor in tensors:
        node.need_type(tensor, "INT8")
    return tensors


def _sum(node: Node, sign: int) -> Call:
    one, two, output = tensors_of(node)
    kernel = of_type(node, "add", one, two, output)
    low, high = activation_range(node, output)
    scales = _common_scale(one, two, output, _LEFT_SHIFTS[one.type], power=1)
    return _call(
        node,
        kernel,
        {
            **scales,
            "sign2": sign,
            "low": low,
            "high": high,
            "is_plain": int(-scales["shift"] in SHORT_SHIFTS and (low, high) == (-128, 127)),
        },
    )


def _common_scale(
    one: Tensor, two: Tensor, output: Tensor, left_shift: int, *, power: int
) -> Mapping[str, int]:
    """Return the fields of what adds two inputs, or squares their difference (power 2)."""
    twice_largest = 2 * max(float(scale_of(one)), float(scale_of(two)))
    multiplier1, shift1 = quantize_multiplier(float(scale_of(one)) / twice_largest)
    multiplier2, shift2 = quantize_multiplier(float(scale_of(two)) / twice_largest)
    multiplier, shift = quantize_multiplier(
        twice_largest**power / ((1 << left_shift * power) * float(scale_of(output)))
    )
    return {
        "multiplier1": multiplier1,
        "multiplier2": multiplier2,
        "multiplier": multiplier,
        "offset1": -zero_point_of(one),
        "offset2": -zero_point_of(two),
        "left_shift": left_shift,
        "shift1": shift1,
        "shift2": shift2,
        "shift": shift,
        "zero_point": zero_point_of(output),
    }


def _scaled_fields(node: Node, multiplier: int, shift: int) -> Mapping[str, Field]:
    one, two, output = tensors_of(node)
    low, high = activation_range(node, output)
    return {
        "multiplier": multiplier,
        "shift": shift,
        "offset1": -zero_point_of(one),
        "offset2": -zero_point_of(two),
        "zero_point": zero_point_of(output),
        "low": low,
        "high": high,
    }


def _larger(node: Node, flip: int) -> Call:
    tensors = tensors_of(node)
    is_truth = tensors[0].type == "BOOL"
    kernel = "maximum_s8" if is_truth else of_type(node, "maximum", *tensors)
    return _call(node, kernel, {"flip": flip})


def _call(node: Node, kernel: str, fields: Mapping[str, Field]) -> Call:
    one, two, output = tensors_of(node)
    return Call(
        kernel=kernel,
        layer=node.layer,
        fields={"shape": broadcast_fields(node, one, two, output), **fields},
        inputs=(operand(one), operand(two)),
        outputs=(output.index,),
        in_place=in_place_inputs(output, one, two),
    )
