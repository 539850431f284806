"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of int8 activations."""

from collections.abc import Sequence
from math import prod

import numpy as np

from edgecompress.program.activation import activation_range
from edgecompress.program.node import Node, values_of, zero_point_of
from edgecompress.program.program import Call, Field
from edgecompress.program.weights import (
    border_constant,
    folded_bias,
    multiplier_constants,
    packed_constant,
    weights_constant,
)
from edgecompress.program.window import window_fields
from edgecompress.tflite.graph import Tensor

# Rows of a kernel shorter than this are gathered to a patch first, for a row has a cost of its own.
_SHORTEST_ROW_BYTES = 12


def conv(node: Node) -> Sequence[Call]:
    """Return the call for CONV_2D."""
    image, kernel, output = node.input(0), node.input(1), node.output()
    weights = values_of(kernel)
    filters, height, width, depth = weights.shape
    channels = image.shape[3]
    row = width * depth
    fields: dict[str, Field] = {
        **window_fields(node, image, output, (height, width)),
        "in_channels": node.int16(channels, "the number of input channels"),
        "out_channels": node.int16(filters, "the number of output channels"),
        "group_channels": depth,
        "group_out_channels": filters * depth // channels,
        "border": border_constant(image, row),
        **_shared_fields(
            node, image, kernel, output, weights.reshape(filters, -1).sum(1, np.int64)
        ),
    }
    gathers = depth != channels or fields["dilation_width"] != 1 or row < _SHORTEST_ROW_BYTES
    gathers = gathers and not (height == width == 1 and depth == channels)
    return [
        Call(
            kernel="conv_s8",
            layer=node.layer,
            fields=fields,
            inputs=(image.index,),
            outputs=(output.index,),
            scratch_bytes=2 * height * row if gathers else 0,
            macs=output.elements * height * row,
        )
    ]


def depthwise(node: Node) -> Sequence[Call]:
    """Return the call for DEPTHWISE_CONV_2D."""
    image, kernel, output = node.input(0), node.input(1), node.output()
    weights = values_of(kernel)
    _, height, width, filters = weights.shape
    channels = image.shape[3]
    fields: dict[str, Field] = {
        **window_fields(node, image, output, (height, width)),
        "in_channels": node.int16(channels, "the number of input channels"),
        "depth_multiplier": filters // channels,
        "border": border_constant(image, channels),
        **_shared_fields(node, image, kernel, output, weights.sum((0, 1, 2), np.int64)),
    }
    return [
        Call(
            kernel="depthwise_conv_s8",
            layer=node.layer,
            fields=fields,
            inputs=(image.index,),
            outputs=(output.index,),
            macs=output.elements * height * width,
        )
    ]


def dense(node: Node) -> Sequence[Call]:
    """Return the call for FULLY_CONNECTED."""
    value, kernel, output = node.input(0), node.input(1), node.output()
    weights = values_of(kernel)
    units, depth = weights.shape
    rows = prod(value.shape) // depth
    fields = _shared_fields(node, value, kernel, output, weights.sum(1, np.int64))
    step = fields.pop("channel_step")
    is_packed = kernel.type == "INT4"
    if is_packed:
        fields["weights"] = packed_constant(kernel)
    return [
        Call(
            kernel="fully_connected_s4" if is_packed else "fully_connected_s8",
            layer=node.layer,
            fields={
                **fields,
                "unit_step": step,
                "depth": depth,
                "rows": node.int16(rows, "the number of rows"),
                "units": node.int16(units, "the number of units"),
            },
            inputs=(value.index,),
            outputs=(output.index,),
            macs=output.elements * depth,
        )
    ]


def _shared_fields(
    node: Node, value: Tensor, kernel: Tensor, output: Tensor, weight_sums: "np.ndarray"
) -> dict[str, Field]:
    node.need_type(value, "INT8")
    node.need_type(output, "INT8")
    node.need_type(kernel, "INT8", "INT4")
    quantization = kernel.quantization
    scales = quantization.scales if quantization else ()
    multipliers, shifts, step = multiplier_constants(scales, value, output)
    low, high = activation_range(node, output)
    return {
        "weights": weights_constant(values_of(kernel)),
        "bias": folded_bias(node, node.optional(2), weight_sums, zero_point_of(value)),
        "multipliers": multipliers,
        "shifts": shifts,
        "channel_step": step,
        "zero_point": zero_point_of(output),
        "low": low,
        "high": high,
    }
