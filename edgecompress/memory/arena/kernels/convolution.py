"""Convolutions: per-channel multipliers and shifts in the tail, scratch in the head.

Follows kernels/{conv,depthwise_conv,transpose_conv}*.cc, and cmsis_nn/ beside them.
"""

from collections.abc import Iterable, Mapping

from edgecompress.memory.arena.kernels import cmsis_nn
from edgecompress.memory.arena.kernels.cmsis_nn import Window
from edgecompress.memory.arena.requests import Kernel, Node, Persistent, Request, Scratch
from edgecompress.tflite.graph import Operator, Tensor

_QUANTIZED = ("INT8", "INT16")


def per_channel(channels: int) -> Iterable[Persistent]:
    """Request one int32 multiplier and one int32 shift for each channel."""
    yield Persistent(channels * 4)
    yield Persistent(channels * 4)


def _tensors(node: Node, image: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    return (
        node.need(node.input(image), "input"),
        node.need(node.input(1), "weights"),
        node.need(node.output(0), "output"),
    )


def operator_window(operator: Operator, image: Tensor, weights: Tensor) -> Window:
    """Return the window of a convolution, with the padding that TFLM computes for it.

    Source: ComputePaddingHeightWidth in tensorflow/lite/kernels/padding.h.
    """
    options = operator.options
    filter_size, stride = (weights.shape[1], weights.shape[2]), _stride(operator)
    dilation = (
        int(options.get("dilation_h_factor", 1)),
        int(options.get("dilation_w_factor", 1)),
    )
    padding = (
        _padding(options.get("padding"), image.shape[1], filter_size[0], stride[0], dilation[0]),
        _padding(options.get("padding"), image.shape[2], filter_size[1], stride[1], dilation[1]),
    )
    return Window(filter_size, stride, dilation, padding)


def window_of(node: Node, image: Tensor, weights: Tensor) -> Window:
    """Return `operator_window` of a node."""
    return operator_window(node.operator, image, weights)


def transposed_window(operator: Operator, weights: Tensor, output: Tensor) -> Window:
    """Return the window of a transposed convolution: that of the convolution it reverses."""
    return operator_window(operator, output, weights)


def _stride(operator: Operator) -> tuple[int, int]:
    return int(operator.options.get("stride_h", 1)), int(operator.options.get("stride_w", 1))


def _padding(kind: object, size: int, taps: int, stride: int, dilation: int) -> int:
    reach = (taps - 1) * dilation + 1
    stride = max(stride, 1)
    output = -(-size // stride) if kind == "SAME" else (size + stride - reach) // stride
    return max((output - 1) * stride + reach - size, 0) // 2


def _conv_reference(node: Node) -> Iterable[Request]:
    weights = node.need(node.input(1), "weights")
    yield from node.inspect("o0 i0 i1")
    yield from per_channel(weights.shape[0])
    yield from node.inspect("i0 i1 i2 o0")
    if weights.type == "INT4":
        yield Scratch(weights.elements)


def _conv_cmsis(node: Node) -> Iterable[Request]:
    image, weights, output = _tensors(node)
    yield from node.inspect("i0 i1 o0")
    if image.type in _QUANTIZED:
        yield from per_channel(weights.shape[0])
    yield from node.inspect("i0 i1 i2 o0")
    window = window_of(node, image, weights)
    size = 0
    if image.type == "INT8":
        size = cmsis_nn.convolution_s8(
            node.target.simd, window, image.shape, weights.shape[3], output.shape
        )
    elif image.type == "INT16":
        # The kernel looks for the bias among the outputs, so it takes every bias for 64-bit.
        size = cmsis_nn.convolution_s16(node.target.simd, window, image.shape[3])
    if size:
        yield Scratch(size)


def _depthwise_reference(node: Node) -> Iterable[Request]:
    weights = node.need(node.input(1), "weights")
    yield from node.inspect("o0 i0 i1")
    yield from per_channel(weights.shape[3])
    if weights.type == "INT4":
        yield Scratch(weights.elements)
    yield from node.inspect("i0 i1 i2 o0")


def _depthwise_cmsis(node: Node) -> Iterable[Request]:
    image, weights, output = _tensors(node)
    yield from node.inspect("i0 i1 o0")
    if image.type in _QUANTIZED:
        yield from per_channel(weights.shape[3])
    yield from node.inspect("i0 i1 i2 o0")
    if image.type != "INT8":
        return
    sizes = cmsis_nn.depthwise_s4 if weights.type == "INT4" else cmsis_nn.depthwise_s8
    window, simd = window_of(node, image, weights), node.target.simd
    size = sizes(simd, window, image.shape, output.shape)
    if size:
        bounded = cmsis_nn.depthwise_s8_is_bounded(simd, window, image.shape)
        yield Scratch(size, exact=not bounded)


def _transpose_reference(node: Node) -> Iterable[Request]:
    image, weights, output = _tensors(node, image=2)
    yield from node.inspect("o0 i2 i1")
    yield from per_channel(weights.shape[0])
    if image.type in _QUANTIZED:
        yield Scratch(output.elements * (4 if image.type == "INT8" else 8))
    yield from _transpose_parameters(node, image)


def _transpose_cmsis(node: Node) -> Iterable[Request]:
    image, weights, output = _tensors(node, image=2)
    yield from node.inspect("o0 i2 i1")
    yield from per_channel(weights.shape[0])
    if image.type == "INT8":
        window = transposed_window(node.operator, weights, output)
        for size in cmsis_nn.transpose_convolution_s8(
            node.target.simd, window, image.shape, output.shape
        ):
            yield Scratch(size)
    elif image.type == "INT16":
        if node.input(3) is None:
            raise node.refuse("its kernel reads a bias for INT16. Give that layer one")
        yield Scratch(output.elements * 8)
    yield from _transpose_parameters(node, image)


def _transpose_parameters(node: Node, image: Tensor) -> Iterable[Request]:
    if image.type == "FLOAT32":
        return
    yield from node.inspect("i2 i1 i3 o0")
    bias = node.input(3)
    if image.type == "INT16" and bias is not None and bias.type == "INT16":
        yield Scratch(bias.elements * 8)


REFERENCE: Mapping[str, Kernel] = {
    "CONV_2D": Kernel((56, 56, 80), _conv_reference),
    "DEPTHWISE_CONV_2D": Kernel((56, 56, 80), _depthwise_reference),
    "TRANSPOSE_CONV": Kernel((72, 72, 88), _transpose_reference),
}
CMSIS_NN: Mapping[str, Kernel] = {
    "CONV_2D": Kernel((60, 60, 60), _conv_cmsis),
    "DEPTHWISE_CONV_2D": Kernel((60, 60, 60), _depthwise_cmsis),
    "TRANSPOSE_CONV": Kernel((76, 76, 76), _transpose_cmsis),
}
