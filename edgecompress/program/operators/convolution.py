"""CONV_2D and DEPTHWISE_CONV_2D of int8 activations."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.node import Node, values_of
from edgecompress.program.operators.dense import dense_call
from edgecompress.program.program import Call
from edgecompress.program.scaled import scaled_fields
from edgecompress.program.weights import border_constant, padded_rows, weights_constant
from edgecompress.program.window import clearance_bytes, is_pointwise, window_fields

_BLOCK_PIXELS = 4
_TAPS_AT_ONCE = 3
_POINTER_BYTES = 8  # at most: on a host


def conv(node: Node) -> Sequence[Call]:
    """Return the call for CONV_2D."""
    image, weights = node.input(0), values_of(node.input(1))
    window = window_fields(node, image, node.output(), weights.shape[1:3])
    if _sees_all(window) and weights.shape[3] == image.shape[3]:
        return [dense_call(node, weights.reshape(len(weights), -1), 1)]
    single = _convolution(node, weights, window, 1)
    if window["out_height"] * window["out_width"] == 1:
        return [single]
    return [replace(_convolution(node, weights, window, _BLOCK_PIXELS), frugal=single)]


def _sees_all(window: dict[str, int]) -> bool:
    """Say whether the one output pixel is a dense layer of the whole image."""
    sizes = [[window[f"{part}_{axis}"] for part in ("out", "kernel", "in", "dilation")]
             for axis in ("height", "width")]  # fmt: skip
    return all(out == 1 and kernel == size and (kernel - 1) * dilation == kernel - 1
               for out, kernel, size, dilation in sizes)  # fmt: skip


def _convolution(
    node: Node, weights: NDArray[np.int8], window: dict[str, int], pixels: int
) -> Call:
    """Return the call that computes so many pixels at once."""
    image, kernel, output = node.input(0), node.input(1), node.output()
    filters, height, width, depth = weights.shape
    channels = node.int16(image.shape[3], "the number of input channels")
    rows = padded_rows(weights)
    fields = scaled_fields(node, image, kernel, output, rows, by_channel=True)
    has_groups = depth != channels
    return Call(
        kernel="conv_s8" if pixels > 1 else "conv_pixel_s8",
        layer=node.layer,
        fields={
            **window,
            **fields,
            "weights": weights_constant(rows),
            "border": border_constant(image, width * depth),
            "in_channels": channels,
            "out_channels": node.int16(filters, "the number of output channels"),
            "group_channels": depth,
            "group_out_channels": filters * depth // channels,
            "is_pointwise": int(is_pointwise({**window, "group_channels": depth}, channels)),
            "block_pixels": pixels,
        },
        inputs=(image.index,),
        outputs=(output.index,),
        scratch_bytes=rows.shape[1] * (1 if pixels == 1 else 2 * pixels + (depth % 4 != 0)),
        clearance_bytes=None if has_groups else clearance_bytes(window, channels, filters, pixels),
        macs=output.elements * height * width * depth,
    )


def depthwise(node: Node) -> Sequence[Call]:
    """Return the call for DEPTHWISE_CONV_2D."""
    image, kernel, output = node.input(0), node.input(1), node.output()
    weights = values_of(kernel)
    _, height, width, filters = weights.shape
    channels = node.int16(image.shape[3], "the number of input channels")
    window = window_fields(node, image, output, (height, width))
    tap_count = -(-height * width // _TAPS_AT_ONCE) * _TAPS_AT_ONCE
    fields = scaled_fields(
        node, image, kernel, output, weights.reshape(-1, filters).T, by_channel=True
    )
    return [
        Call(
            kernel="depthwise_conv_s8",
            layer=node.layer,
            fields={
                **window,
                **fields,
                "weights": weights_constant(_by_fours(weights, filters // channels)),
                "border": border_constant(image, channels),
                "tap_count": tap_count,
                "in_channels": channels,
                "depth_multiplier": filters // channels,
            },
            inputs=(image.index,),
            outputs=(output.index,),
            scratch_bytes=_POINTER_BYTES * tap_count,
            clearance_bytes=clearance_bytes(window, channels, filters, 0),
            macs=output.elements * height * width,
        )
    ]


def _by_fours(weights: NDArray[np.int8], multiplier: int) -> NDArray[np.int8]:
    """Return depthwise weights [1, height, width, filters] in the order that the kernel reads."""
    taps = weights.reshape(-1, weights.shape[3])
    taps = np.pad(taps, ((0, -len(taps) % _TAPS_AT_ONCE), (0, 0)))
    together = taps.shape[1] // 4 * 4 if multiplier == 1 or multiplier % 4 == 0 else 0
    fours = taps[:, :together].reshape(len(taps), -1, 4).swapaxes(0, 1)
    return np.concatenate([fours.ravel(), taps[:, together:].T.ravel()])
