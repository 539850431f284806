"""BATCH_MATMUL, and TRANSPOSE_CONV of int8 activations."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.activation import activation_range
from edgecompress.program.broadcast import broadcast_fields
from edgecompress.program.node import Node, values_of, zero_point_of
from edgecompress.program.operands import of_type, operand
from edgecompress.program.operators.arithmetic import tensors_of
from edgecompress.program.program import Call, Constant, Field
from edgecompress.program.weights import (
    border_constant,
    folded_bias,
    multiplier_constants,
    product_multiplier,
    weights_constant,
)
from edgecompress.program.wide import reduced_multiplier
from edgecompress.program.window import pad_before
from edgecompress.tflite.graph import Tensor


def batch_matmul(node: Node) -> Sequence[Call]:
    """Return the call for BATCH_MATMUL."""
    one, two, output = tensors_of(node)
    kernel = of_type(node, "batch_matmul", one, two, output)
    rows, columns = output.shape[-2:]
    adj_x, adj_y = bool(node.option("adj_x")), bool(node.option("adj_y"))
    depth = one.shape[-2 if adj_x else -1]
    multiplier, shift = product_multiplier(one, two, output)
    if one.type == "INT16":
        multiplier, shift = reduced_multiplier(node, multiplier, shift)
    batches = [replace(tensor, shape=tensor.shape[:-2]) for tensor in (one, two, output)]
    fields: dict[str, Field] = {
        "batches": broadcast_fields(node, *batches),
        "rows": rows,
        "columns": columns,
        "depth": depth,
        "row_stride": 1 if adj_x else depth,
        "depth_stride1": rows if adj_x else 1,
        "depth_stride2": 1 if adj_y else columns,
        "column_stride": depth if adj_y else 1,
        "multiplier": multiplier,
        "shift": shift,
        "offset1": -zero_point_of(one),
        "offset2": -zero_point_of(two),
        "zero_point": zero_point_of(output),
    }
    return [
        Call(
            kernel=kernel,
            layer=node.layer,
            fields=fields,
            inputs=(operand(one), operand(two)),
            outputs=(output.index,),
            macs=output.elements * depth,
        )
    ]


def transpose_conv(node: Node) -> Sequence[Call]:
    """Return the call for TRANSPOSE_CONV."""
    kernel, image, output = node.input(1), node.input(2), node.output()
    for tensor in (kernel, image, output):
        node.need_type(tensor, "INT8")
    weights = values_of(kernel)
    filters, _, _, channels = weights.shape
    quantization = kernel.quantization
    scales = quantization.scales if quantization else ()
    multipliers, shifts, step = multiplier_constants(scales, image, output)
    low, high = activation_range(node, output)
    sizes = _sizes(node, image, output, weights.shape[1:3])
    strides = int(node.option("stride_h")), int(node.option("stride_w"))
    fields: dict[str, Field] = {
        **sizes,
        "weights": weights_constant(weights),
        "bias": _biases_by_phase(node, weights, image, strides),
        "multipliers": multipliers,
        "shifts": shifts,
        "border": border_constant(image, channels),
        "channel_step": step,
        "in_channels": node.int16(channels, "the number of input channels"),
        "out_channels": node.int16(filters, "the number of output channels"),
        "zero_point": zero_point_of(output),
        "low": low,
        "high": high,
    }
    return [
        Call(
            kernel="transpose_conv_s8",
            layer=node.layer,
            fields=fields,
            inputs=(image.index,),
            outputs=(output.index,),
            macs=image.elements * weights.size // channels,
        )
    ]


def _sizes(node: Node, image: Tensor, output: Tensor, kernel: tuple[int, ...]) -> dict[str, int]:
    fields = {"batches": image.shape[0]}
    for place, (axis, side) in enumerate((("height", "top"), ("width", "left"))):
        size, stride = output.shape[place + 1], int(node.option(f"stride_{axis[0]}"))
        fields[f"in_{axis}"] = node.int16(image.shape[place + 1], f"the input's {axis}")
        fields[f"out_{axis}"] = node.int16(size, f"the output's {axis}")
        fields[f"kernel_{axis}"] = node.int16(kernel[place], f"the kernel's {axis}")
        fields[f"stride_{axis}"] = stride
        fields[f"pad_{side}"] = pad_before(
            size, -(-size // stride), kernel[place], stride,
            dilation=1, padding=str(node.option("padding")),
        )  # fmt: skip
    return fields


def _biases_by_phase(
    node: Node, weights: NDArray[np.int8], image: Tensor, strides: tuple[int, int]
) -> Constant:
    """Return biases less zero points, [stride, stride, filters]: of the weights each phase sees."""
    phases = [
        folded_bias(
            node,
            node.optional(3),
            weights[:, y :: strides[0], x :: strides[1]].sum((1, 2, 3), np.int64),
            zero_point_of(image),
        ).values
        for y, x in product(range(strides[0]), range(strides[1]))
    ]
    return Constant("bias", "int32_t", np.concatenate(phases), of_model=True)
