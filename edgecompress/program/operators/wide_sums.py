"""CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED of int16 activations.

All are sums over windows, so one kernel does them: conv_s16.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.activation import activation_range
from edgecompress.program.fixed_point import quantize_multiplier
from edgecompress.program.node import Node, scale_of, values_of, zero_point_of
from edgecompress.program.program import Call, Constant, Field
from edgecompress.program.weights import weights_constant
from edgecompress.program.wide import reduced_multiplier, wide_bias
from edgecompress.program.window import clearance_bytes, is_pointwise, pad_before, window_fields
from edgecompress.tflite.graph import Tensor

_NO_SPREAD = {"spread_height": 1, "spread_width": 1}
_VALUE_BYTES = 2
_INT32 = (2, "INT32")  # TensorType, by number or name


def conv(node: Node) -> Sequence[Call]:
    """Return the call for CONV_2D."""
    image, kernel, output = node.input(0), node.input(1), node.output()
    weights = values_of(kernel)
    filters, height, width, depth = weights.shape
    sizes = {
        **window_fields(node, image, output, (height, width)),
        **_NO_SPREAD,
        "group_channels": depth,
        "group_out_channels": filters * depth // image.shape[3],
    }
    is_narrow = _is_narrow(node, node.optional(2))
    return [_call(node, image, kernel, weights, sizes, bias=node.optional(2), is_narrow=is_narrow)]


def depthwise(node: Node) -> Sequence[Call]:
    """Return the call for DEPTHWISE_CONV_2D: a convolution of groups of one channel."""
    image, kernel, output = node.input(0), node.input(1), node.output()
    weights = np.moveaxis(values_of(kernel), 3, 0).reshape(-1, *kernel.shape[1:3], 1)
    sizes = {
        **window_fields(node, image, output, weights.shape[1:3]),
        **_NO_SPREAD,
        "group_channels": 1,
        "group_out_channels": len(weights) // image.shape[3],
    }
    return [_call(node, image, kernel, weights, sizes, bias=_wide_only(node, node.optional(2)))]


def transposed(node: Node) -> Sequence[Call]:
    """Return the call for TRANSPOSE_CONV: a convolution of spread inputs, kernels turned round."""
    image, kernel, output = node.input(2), node.input(1), node.output()
    weights = values_of(kernel)[:, ::-1, ::-1]
    _, height, width, depth = weights.shape
    sizes: dict[str, int] = {"group_channels": depth, "group_out_channels": len(weights)}
    for axis, place, extent, pad in (("height", 1, height, "top"), ("width", 2, width, "left")):
        stride, size = int(node.option(f"stride_{axis[0]}")), output.shape[place]
        before = pad_before(
            size,
            -(-size // stride),
            extent,
            stride,
            dilation=1,
            padding=str(node.option("padding")),
        )
        sizes |= {
            f"in_{axis}": image.shape[place], f"out_{axis}": size, f"kernel_{axis}": extent,
            f"stride_{axis}": 1, f"dilation_{axis}": 1, f"spread_{axis}": stride,
            f"pad_{pad}": extent - 1 - before,
        }  # fmt: skip
    bias = node.optional(3)
    if bias is not None and bias.type != "INT16":
        bias = _wide_only(node, bias)
    return [_call(node, image, kernel, weights, sizes, bias=bias)]


def dense(node: Node) -> Sequence[Call]:
    """Return the call for FULLY_CONNECTED: a convolution of one pixel over a row of them."""
    value, kernel = node.input(0), node.input(1)
    weights = values_of(kernel).reshape(kernel.shape[0], 1, 1, -1)
    units, depth = kernel.shape
    rows = prod(value.shape) // depth
    ones = (
        "in_height", "out_height", "kernel_height", "kernel_width", "stride_height",
        "stride_width", "dilation_height", "dilation_width", *_NO_SPREAD,
    )  # fmt: skip
    sizes = {
        **dict.fromkeys(ones, 1), "in_width": rows, "out_width": rows, "pad_top": 0, "pad_left": 0,
        "group_channels": depth, "group_out_channels": units,
    }  # fmt: skip
    is_narrow = _is_narrow(node, node.optional(2))
    return [_call(node, value, kernel, weights, sizes, bias=node.optional(2), is_narrow=is_narrow)]


def _is_narrow(node: Node, bias: Tensor | None) -> bool:
    """Say whether TFLM sums in 32 bits: with biases of 32 bits."""
    if bias is None:
        return node.option("quantized_bias_type") in _INT32
    node.need_type(bias, "INT32", "INT64")
    return bias.type == "INT32"


def _wide_only(node: Node, bias: Tensor | None) -> Tensor | None:
    if bias is not None:
        node.need_type(bias, "INT64")
    return bias


def _call(
    node: Node,
    value: Tensor,
    kernel: Tensor,
    weights: NDArray[Any],
    sizes: Mapping[str, int],
    *,
    bias: Tensor | None,
    is_narrow: bool = False,
) -> Call:
    """Return the call for weights [out channels, height, width, channels of a group]."""
    output = node.output()
    for tensor, kind in ((value, "INT16"), (output, "INT16"), (kernel, "INT8")):
        node.need_type(tensor, kind)
    low, high = activation_range(node, output)
    in_channels = len(weights) * sizes["group_channels"] // sizes["group_out_channels"]
    reads_in_place = is_pointwise(sizes, in_channels)
    sums = weights.reshape(len(weights), -1).sum(1, np.int64)
    fields: dict[str, Field] = {
        **sizes,
        **_multipliers(node, value, kernel, is_narrow=is_narrow),
        "weights": weights_constant(weights),
        "bias": wide_bias(bias, -zero_point_of(value) * sums),
        "in_channels": in_channels,
        "out_channels": len(weights),
        "is_narrow": int(is_narrow),
        "zero_point": zero_point_of(output),
        "low": low,
        "high": high,
    }
    return Call(
        kernel="conv_s16",
        layer=node.layer,
        fields=fields,
        inputs=(value.index,),
        outputs=(output.index,),
        scratch_bytes=0 if reads_in_place else _VALUE_BYTES * prod(weights.shape[1:]),
        clearance_bytes=_clearance_bytes(sizes, in_channels, len(weights), int(not reads_in_place)),
        macs=output.elements * prod(weights.shape[1:]),
    )


def _clearance_bytes(
    sizes: Mapping[str, int], in_channels: int, out_channels: int, block_pixels: int
) -> int | None:
    """Return what window.clearance_bytes does; None where inputs are spread or in groups."""
    spread = max(sizes["spread_height"], sizes["spread_width"])
    if spread > 1 or sizes["group_channels"] != in_channels:
        return None
    pixels = in_channels * _VALUE_BYTES, out_channels * _VALUE_BYTES
    return clearance_bytes(sizes, *pixels, block_pixels)


def _multipliers(node: Node, value: Tensor, kernel: Tensor, *, is_narrow: bool) -> dict[str, Field]:
    scales = kernel.quantization.scales if kernel.quantization else ()
    real = float(scale_of(value)), float(scale_of(node.output()))
    pairs = [quantize_multiplier(real[0] * float(scale) / real[1]) for scale in scales]
    if not is_narrow:
        pairs = [reduced_multiplier(node, *pair) for pair in pairs]
    return {
        "multipliers": Constant(
            "multipliers", "int32_t", np.array([m for m, _ in pairs], np.int32)
        ),
        "shifts": Constant("shifts", "int8_t", np.array([s for _, s in pairs], np.int8)),
        "channel_step": int(len(pairs) > 1),
    }
