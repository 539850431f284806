"""ESP-NN: its scratch, and the kernels of esp-tflite-micro that ask for it (bytes).

Read in the sources of esp-nn 1.2.3 (d45b843c: esp_nn_get_*_scratch_size in src/convolution and
src/softmax, and include/esp_nn.h for which chip runs which) and esp-tflite-micro 1.4.0 (99f49e14:
tensorflow/lite/micro/kernels/esp_nn). `simd` is "esp32s3", "esp32p4", or "none" for the generic
C kernels of all other chips. Shapes are (batch, height, width, channels).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from edgecompress.memory.arena.kernels.cmsis_nn import Window
from edgecompress.memory.arena.kernels.convolution import REFERENCE as CONVOLUTIONS
from edgecompress.memory.arena.kernels.convolution import window_of
from edgecompress.memory.arena.kernels.dense import REFERENCE as DENSE
from edgecompress.memory.arena.requests import Kernel, Node, Request, Scratch

SOURCES = "esp-nn d45b843c (1.2.3), esp-tflite-micro 99f49e14 (1.4.0)"

_S3_CONVOLUTION_MARGIN = 64
_S3_WHOLE_PADDED_IMAGE_BYTES = 40 * 1024  # above it, an image is padded strip by strip
_S3_WHOLE_WIDE_IMAGE_BYTES = 48 * 1024  # the same for images widened to int16
_P4_CONVOLUTION_MARGIN = 32
_P4_TILE_BYTES = 32 * 1024
_VECTOR = 16  # bytes, or int8 channels, in a vector register of the S3 and the P4
_LONG_VECTOR_SHAPE = 2  # dimensions from which the softmax kernel reads a width


@dataclass(frozen=True)
class Layer:
    """A convolution: its window and its shapes; `multiplier` is a depthwise layer's."""

    window: Window
    image: Sequence[int]
    output: Sequence[int]
    multiplier: int = 0

    @property
    def pointwise(self) -> bool:
        """Whether the filter is 1x1, in steps of one, without padding."""
        window = self.window
        return window.filter == (1, 1) and window.stride == (1, 1) and window.padding == (0, 0)

    @property
    def overhang(self) -> tuple[int, int]:
        """Rows and columns that the last window, one stride further on, reaches past the image.

        Negative where a dilated filter, which is taken for an undilated one, ends before it.
        """
        (height, width), window = self.image[1:3], self.window
        return (
            self.output[1] * window.stride[0] + window.filter[0] - 1 - height,
            self.output[2] * window.stride[1] + window.filter[1] - 1 - width,
        )

    @property
    def missing(self) -> tuple[int, int]:
        """Rows and columns that the image lacks for that."""
        return max(0, self.overhang[0]), max(0, self.overhang[1])

    def padded(self, more: tuple[int, int], channels: int) -> int:
        """Return the size of the image with so many rows and columns more."""
        return (self.image[1] + more[0]) * (self.image[2] + more[1]) * channels

    @property
    def both_sides(self) -> tuple[int, int]:
        """Rows and columns of padding, on both sides together."""
        return 2 * self.window.padding[0], 2 * self.window.padding[1]


def _up(size: int, step: int = _VECTOR) -> int:
    return -(-size // step) * step


def convolution_s8(simd: str, layer: Layer) -> int:
    """Return the scratch of esp_nn_conv_s8."""
    if simd == "esp32s3":
        return _pointwise(layer, _S3_CONVOLUTION_MARGIN) if layer.pointwise else _s3_window(layer)
    if simd == "esp32p4":
        return _p4_pointwise(layer) if layer.pointwise else _p4_window(layer)
    return 0


def _pointwise(layer: Layer, margin: int) -> int:
    """Filters and image with channels in eights, and eight pixels transposed to int16."""
    channels = _up(layer.image[3], 8)
    pixels = prod(layer.image[1:3])
    image = pixels * channels if layer.image[3] % 8 else 0
    transposed = 2 * 8 * channels if pixels >= 8 else 0  # noqa: PLR2004 - eight pixels at a time
    return image + channels * layer.output[3] + transposed + margin


def _s3_window(layer: Layer) -> int:
    height, width = layer.window.filter
    channels, filters = layer.image[3], layer.output[3]
    row, sums = width * channels, 4 * filters
    if row < _VECTOR <= height * row:
        column = _up(height * row)
        return sums + 16 + filters * column + 16 + column + _S3_CONVOLUTION_MARGIN
    size = height * width * _up(channels) * filters + _up(row) * height * filters
    if any(layer.window.padding):
        size += layer.padded(layer.both_sides, channels)
    if any(layer.missing):
        size += layer.padded(layer.missing, channels)
    return size + sums + _S3_CONVOLUTION_MARGIN


def _p4_pointwise(layer: Layer) -> int:
    if layer.image[3] >= _VECTOR:
        return _pointwise(layer, _P4_CONVOLUTION_MARGIN)
    return layer.output[3] * (4 + _VECTOR) + 2 * _VECTOR + _P4_CONVOLUTION_MARGIN


def _p4_window(layer: Layer) -> int:
    taps, channels, filters = prod(layer.window.filter), layer.image[3], layer.output[3]
    fixed = 4 * filters + _P4_CONVOLUTION_MARGIN
    padded = any(layer.window.padding)
    if not padded and layer.window.filter[1] * channels >= _VECTOR:
        return taps * _up(channels) * filters + fixed
    if taps * channels >= _VECTOR:
        return taps * channels + fixed
    wide_filter = taps * _VECTOR * filters
    if not padded:
        return wide_filter + layer.padded((0, 0), _VECTOR) + fixed
    image = layer.padded(layer.both_sides, channels)
    if image + 4 * filters > _P4_TILE_BYTES:
        image = _p4_tile(layer, _P4_TILE_BYTES - 4 * filters - wide_filter)
    return image + wide_filter + fixed


def _p4_tile(layer: Layer, budget: int) -> int:
    """Return the padded rows of 16 channels that are taken at a time, within a budget if it can."""
    row = (layer.image[2] + layer.both_sides[1]) * _VECTOR
    height, stride = layer.window.filter[0], layer.window.stride[0]
    lines = 1
    if height * row <= budget:
        lines = min((budget - height * row) // (stride * row) + 1, layer.output[1])
    return ((lines - 1) * stride + height + layer.both_sides[0]) * row


def depthwise_s8(simd: str, layer: Layer) -> int:
    """Return the scratch of esp_nn_depthwise_conv_s8."""
    if simd != "esp32s3":
        return 0
    channels = layer.image[3]
    if layer.multiplier == 1 and channels % 8 == 0:
        return _s3_square(layer) if layer.window.filter == (3, 3) else _s3_wide(layer)
    if layer.multiplier == 1 and channels > 3:  # noqa: PLR2004 - fewer run without scratch
        return _s3_odd_channels(layer)
    if layer.multiplier % 4 == 0:
        return 2 * (_taps(layer) * layer.multiplier + layer.padded((0, 0), channels)) + 32
    return 32


def _taps(layer: Layer) -> int:
    return prod(layer.window.filter) * layer.image[3]


def _s3_square(layer: Layer) -> int:
    """3x3 filters: the padded image, with channels in sixteens."""
    channels = layer.image[3]
    if channels == 8:  # noqa: PLR2004 - half a vector is not worth filling up
        return 2 * (_taps(layer) + layer.padded((0, 0), channels)) + 32
    padding = layer.both_sides
    if channels % _VECTOR:
        wide = _up(channels)
        more = (padding[0] + layer.missing[0], padding[1] + layer.missing[1])
        return 9 * wide + layer.padded(more, wide) + prod(layer.output[1:3]) * wide + 64
    more = padding if any(padding) else layer.overhang
    image = layer.padded(more, channels) if any(more) else 0
    if image > _S3_WHOLE_PADDED_IMAGE_BYTES:
        image = (layer.image[2] + more[1]) * 3 * channels
    return _taps(layer) + image + 16


def _s3_wide(layer: Layer) -> int:
    """Filters of other sizes: they and the image, as int16."""
    filters, image = 2 * _taps(layer), 2 * layer.padded((0, 0), layer.image[3])
    if filters + image > _S3_WHOLE_WIDE_IMAGE_BYTES:
        image = 2 * layer.image[2] * layer.window.filter[0] * layer.image[3]
    return filters + image + 32


def _s3_odd_channels(layer: Layer) -> int:
    """Filters and image as int16, output, bias, shifts and multipliers: channels in eights."""
    channels = _up(layer.image[3], 8)
    parts = (
        2 * prod(layer.window.filter) * channels,
        2 * layer.padded((0, 0), channels),
        prod(layer.output[1:3]) * channels,
    )
    return sum(_up(part) for part in parts) + 3 * 4 * channels + 16


def _convolution(name: str, scratch: Callable[[str, Layer], int]) -> Kernel:
    """Return the reference kernel with the scratch of ESP-NN, which int8 images ask for last."""

    def prepare(node: Node) -> Iterable[Request]:
        yield from CONVOLUTIONS[name].prepare(node)
        image, weights = node.need(node.input(0), "input"), node.need(node.input(1), "weights")
        if image.type != "INT8":
            return
        multiplier = int(node.operator.options.get("depth_multiplier", 0))
        output = node.need(node.output(0), "output").shape
        layer = Layer(window_of(node, image, weights), image.shape, output, multiplier)
        if size := scratch(node.target.simd, layer):
            yield Scratch(size)

    return Kernel((60, 60, 88), prepare)


def _softmax(node: Node) -> Iterable[Request]:
    yield from DENSE["SOFTMAX"].prepare(node)
    image, output = node.need(node.input(0), "input"), node.need(node.output(0), "output")
    if image.type == output.type == "INT8":
        known = len(image.shape) >= _LONG_VECTOR_SHAPE
        # The kernel takes dimension 1 for the width. One dimension alone has none: what follows
        # it in the model is read, and what the computation needs is counted here.
        yield Scratch(4 * (image.shape[1] if known else prod(image.shape)), exact=known)


# Operator data: the reference kernel's, and the index of the scratch buffer. Dense layers, pooling,
# ADD and MUL call ESP-NN too, but allocate what the reference kernels do.
ESP_NN: Mapping[str, Kernel] = {
    "CONV_2D": _convolution("CONV_2D", convolution_s8),
    "DEPTHWISE_CONV_2D": _convolution("DEPTHWISE_CONV_2D", depthwise_s8),
    "SOFTMAX": Kernel((64, 64, 88), _softmax),
}
