"""Scratch sizes of CMSIS-NN at the pinned commit 4ab83cc3, for GCC (bytes).

From the `*_get_buffer_size*` functions in Source/*/ and the conditions in
Include/arm_nnsupportfunctions.h. `simd` is "none", "dsp" or "mve". Shapes are (batch, height,
width, channels); filters (height, width).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

_CHANNELS_IN_BLOCK_MVE = 124
_REVERSE_TRANSPOSE_CONV_ABOVE_CHANNELS = 16
_REVERSE_TRANSPOSE_CONV_STRIDE = 2
_ONE_CHANNEL_DEPTHWISE_AS_CONV_ABOVE = 1  # output channels, MVE, GCC

Shape = Sequence[int]
Pair = tuple[int, int]  # (height, width)


@dataclass(frozen=True)
class Window:
    """How a filter moves over an image: its size, and strides, dilations, paddings (h, w)."""

    filter: Pair
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Pair = (0, 0)


def convolution_s8(
    simd: str, window: Window, image: Shape, filter_channels: int, output: Shape
) -> int:
    """Return the scratch of arm_convolve_wrapper_s8."""
    full_depth = image[3] == filter_channels
    if (
        window.padding == (0, 0)
        and window.filter == (1, 1)
        and window.dilation == (1, 1)
        and full_depth
    ):
        return 0  # GCC; armclang's 1x1 kernel takes 4 bytes a channel on cores with DSP
    if simd == "mve" and runs_in_one_row(window, image, filter_channels):
        return _one_row_convolution_mve(window, image, output)
    return im2col_s8(simd, window.filter, image[3])


def runs_in_one_row(window: Window, image: Shape, filter_channels: int) -> bool:
    """Say whether arm_nn_is_convolve_1_x_n holds."""
    return (
        image[1] == 1
        and window.dilation[1] == 1
        and window.filter[0] == 1
        and window.stride[1] * image[3] % 4 == 0
        and image[3] == filter_channels
    )


def im2col_s8(simd: str, filter_size: Pair, channels: int) -> int:
    """Return the scratch of arm_convolve_s8: columns of the image, rearranged."""
    column = channels * prod(filter_size)
    if simd == "mve":
        return 4 * -(-column // 16) * 16
    return 2 * -(-column // 4) * 4 * 2


def _one_row_convolution_mve(window: Window, image: Shape, output: Shape) -> int:
    width, pad, kernel, stride = image[2], window.padding[1], window.filter[1], window.stride[1]
    channels = image[3]
    # C's remainder takes the sign of the dividend.
    total_pad = (output[2] - 1) * stride + kernel - width
    odd_pad = total_pad % 2 if total_pad >= 0 else -(-total_pad % 2)
    right = max(1, (pad + odd_pad + stride - 1) // stride) if pad + odd_pad != 0 else 0
    left = max(1, (pad + stride - 1) // stride) if pad != 0 else 0
    if right + max(output[2] - (right + left), 0) + left != output[2]:
        return im2col_s8("mve", window.filter, channels)
    pad_left = pad * channels
    pad_right = right * channels if odd_pad else pad_left
    return max(kernel * channels + pad_left, (kernel - 1) * channels + pad_right)


def convolution_s16(simd: str, window: Window, channels: int) -> int:
    """Return the scratch of arm_convolve_wrapper_s16."""
    column = channels * prod(window.filter)
    return 4 * -(-column // 8) * 8 * 2 if simd == "mve" else 2 * column * 2


def depthwise_s8(simd: str, window: Window, image: Shape, output: Shape) -> int:
    """Return the scratch of arm_depthwise_conv_wrapper_s8."""
    taps = prod(window.filter)
    if simd == "mve" and image[3] == 1 and output[3] > _ONE_CHANNEL_DEPTHWISE_AS_CONV_ABOVE:
        if depthwise_s8_is_bounded(simd, window, image):
            return im2col_s8(simd, window.filter, 1) + output[3] * taps
        return convolution_s8(simd, window, image, 1, output) + output[3] * taps
    if image[3] != output[3] or image[0] != 1 or window.dilation != (1, 1):
        return 0
    if simd == "mve":
        return 4 * _CHANNELS_IN_BLOCK_MVE * taps
    small_padding = window.padding[0] <= 1 and window.padding[1] <= 1
    if (window.filter == (3, 3) and small_padding) or simd == "none":
        return 0
    return image[3] * taps * 2


def depthwise_s8_is_bounded(simd: str, window: Window, image: Shape) -> bool:
    """Say whether `depthwise_s8` is an upper bound only.

    For a single channel in a single row CMSIS-NN looks at a stride that TFLM has not set.
    """
    return simd == "mve" and image[3] == 1 and image[1] == 1 and window.filter[0] == 1


def depthwise_s4(simd: str, window: Window, image: Shape, output: Shape) -> int:
    """Return the scratch of arm_depthwise_conv_wrapper_s4."""
    if image[3] != output[3] or image[0] != 1 or window.dilation != (1, 1):
        return 0
    taps = prod(window.filter)
    return 4 * _CHANNELS_IN_BLOCK_MVE * taps if simd == "mve" else image[3] * taps * 2


def transpose_convolution_s8(
    simd: str, window: Window, image: Shape, output: Shape
) -> tuple[int, int]:
    """Return both scratches of arm_transpose_conv_s8: the columns and the reversed filter."""
    height, width = window.filter
    if transpose_runs_as_convolution(window, image):
        reversed_filter = image[3] * height * width * output[3]
        return im2col_s8(simd, window.filter, image[3]), reversed_filter
    row = ((image[2] - 1) * window.stride[1] + max(width, window.stride[0])) * output[3]
    return row * max(height, window.stride[0]) * 4, 0


def transpose_runs_as_convolution(window: Window, image: Shape) -> bool:
    """Say whether arm_transpose_conv_s8 reverses the filter and runs a convolution."""
    small_stride = max(window.stride) <= _REVERSE_TRANSPOSE_CONV_STRIDE
    return small_stride and image[3] > _REVERSE_TRANSPOSE_CONV_ABOVE_CHANNELS


def kernel_sums_s8(simd: str, rows: int) -> int:
    """Return what dense and SVDF kernels keep per row of weights (arm_fully_connected_s8)."""
    return rows * 4 if simd == "mve" else 0


def average_pool(simd: str, channels: int) -> int:
    """Return the scratch of arm_avgpool_s8 and arm_avgpool_s16."""
    return channels * 4 if simd == "dsp" else 0
