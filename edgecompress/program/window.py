"""Where the window of a convolution or a pooling lies on its input."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.node import Node
from edgecompress.tflite.graph import Tensor


def pad_before(
    size: int, out: int, kernel: int, stride: int, *, dilation: int, padding: str
) -> int:
    """Return how many places before the input the first window begins, along one axis.

    Source: TFLite's "SAME" padding, of which the smaller half goes before
    (tensorflow/lite/kernels/padding.h).
    """
    if padding != "SAME":
        return 0
    reach = (kernel - 1) * dilation + 1
    return max((out - 1) * stride + reach - size, 0) // 2


def window_fields(
    node: Node, image: Tensor, output: Tensor, kernel: tuple[int, int]
) -> dict[str, int]:
    """Return the fields that kernels with a window share: sizes, stride, dilation and padding.

    Args:
        node: the operator, with the schema's names for stride, dilation and padding.
        image: [1, height, width, channels].
        output: the same.
        kernel: height and width.
    """
    fields: dict[str, int] = {}
    sizes = {"height": 1, "width": 2}
    for (axis, place), extent in zip(sizes.items(), kernel, strict=True):
        stride = int(node.option(f"stride_{axis[0]}"))
        dilation = int(node.option(f"dilation_{axis[0]}_factor", 1)) or 1
        fields[f"in_{axis}"] = node.int16(image.shape[place], f"the input's {axis}")
        fields[f"out_{axis}"] = node.int16(output.shape[place], f"the output's {axis}")
        fields[f"kernel_{axis}"] = node.int16(extent, f"the kernel's {axis}")
        fields[f"stride_{axis}"] = stride
        fields[f"dilation_{axis}"] = dilation
        fields["pad_top" if axis == "height" else "pad_left"] = pad_before(
            image.shape[place], output.shape[place], extent, stride,
            dilation=dilation, padding=str(node.option("padding")),
        )  # fmt: skip
    return fields


def is_pointwise(fields: Mapping[str, int], in_channels: int) -> bool:
    """Say whether an output pixel depends on the input pixel at its place, and on no other.

    Args:
        fields: those of `window_fields`, and "group_channels".
        in_channels: channels of an input pixel.
    """
    return fields["group_channels"] == in_channels and all(
        fields[f"kernel_{axis}"] == 1
        and fields[f"stride_{axis}"] == 1
        and fields.get(f"spread_{axis}", 1) == 1
        for axis in ("height", "width")
    )


def clearance_bytes(
    fields: Mapping[str, int], in_channels: int, out_channels: int, block_pixels: int
) -> int:
    """Return how far above the output the input has to begin so that they may share memory.

    Kernels go through the output's pixels in order. They read a block of pixels before they write
    it; with blocks of 0 they may write a pixel before they have read all of it.

    Args:
        fields: those of `window_fields`.
        in_channels: bytes of an input pixel.
        out_channels: bytes of an output pixel.
        block_pixels: pixels that are read before the first of them is written.
    """
    rows = _first_read(fields, "height", "top")[:, np.newaxis] * fields["in_width"]
    first_read = (rows + _first_read(fields, "width", "left")).ravel() * in_channels
    pixels = len(first_read)
    read_later = np.minimum.accumulate(first_read[::-1])[::-1]
    if block_pixels == 0:
        return max(0, int((np.arange(1, pixels + 1) * out_channels - read_later).max()))
    blocks = np.arange(block_pixels, pixels, block_pixels)  # that others follow
    return max(0, int((blocks * out_channels - read_later[blocks]).max(initial=0)))


def _first_read(fields: Mapping[str, int], axis: str, side: str) -> NDArray[np.int64]:
    places: NDArray[np.int64] = (
        np.arange(fields[f"out_{axis}"]) * fields[f"stride_{axis}"] - fields[f"pad_{side}"]
    )
    return np.maximum(places, 0)
