"""Dense layers, matrix products, softmax and pooling, which CMSIS-NN treats in its own way.

Follows kernels/{fully_connected,batch_matmul,softmax,pooling}*.cc, and cmsis_nn/ beside them.
"""

from collections.abc import Iterable, Mapping
from functools import partial

from edgecompress.memory.arena.kernels import cmsis_nn
from edgecompress.memory.arena.kernels.convolution import per_channel
from edgecompress.memory.arena.requests import Inspect, Kernel, Node, Persistent, Request, Scratch
from edgecompress.memory.arena.structs import EVAL_TENSOR
from edgecompress.tflite.graph import Tensor

_SOFTMAX_TABLE_BYTES = 513 * 2  # LUTSize<int16_t>() in kernels/internal/common.h
_BATCH_MATMUL_QUANTIZATION_BYTES = 28
_MATRIX_RANK = 2
_MOST_DIMENSIONS = 4  # of CMSIS-NN's batch matrix product


def gate_channels(image: Tensor, weights: Tensor) -> int:
    """Return the channels for which a dense layer keeps multipliers; 0 if it is per-tensor."""
    quantization = weights.quantization
    if image.type == "FLOAT32" or quantization is None or not quantization.zero_points:
        return 0
    return len(quantization.scales) if len(quantization.scales) > 1 else 0


def dimensions_bytes(rank: int) -> int:
    """Return the size of a TfLiteIntArray: its length, then `rank` integers."""
    return 4 + 4 * rank


def _dense_reference(node: Node) -> Iterable[Request]:
    image, weights = node.need(node.input(0), "input"), node.need(node.input(1), "weights")
    yield from node.inspect("i0 i1 i2")
    yield Inspect(node.need(node.output(0), "output"), zero_points_last=True)
    if weights.type == "INT4":
        yield Scratch(weights.elements)
    if channels := gate_channels(image, weights):
        yield from per_channel(channels)


def _dense_cmsis(node: Node) -> Iterable[Request]:
    image, weights = node.need(node.input(0), "input"), node.need(node.input(1), "weights")
    output, bias = node.need(node.output(0), "output"), node.input(2)
    yield from node.inspect("i0 i1 i2")
    yield Inspect(output, zero_points_last=True)
    channels = gate_channels(image, weights)
    if channels:
        yield from per_channel(channels)
    if channels and image.type != "INT8":
        raise node.refuse(
            f"its kernel takes {image.type} with one scale for all weights only. Convert without "
            "per-channel dense layers, to int8, or use the reference kernels"
        )
    if image.type != "INT8" or weights.type == "INT4":
        return
    depth = weights.shape[0]
    if len(output.shape) > _MATRIX_RANK and weights.shape[-1] % 4 == 0:
        # Runs as a 1x1 convolution, for which a per-tensor scale is repeated per channel.
        if not channels:
            yield Scratch(depth * 4 * 2)
        return
    sums = cmsis_nn.kernel_sums_s8(node.target.simd, depth)
    if sums:
        constant = weights.data is not None and (bias is None or bias.data is not None)
        yield Persistent(sums) if constant else Scratch(sums)


def _batch_matmul_reference(node: Node) -> Iterable[Request]:
    left = node.need(node.input(0), "input")
    yield from node.inspect("i0 i1 o0")
    if left.type in {"INT8", "INT16"}:
        yield Persistent(_BATCH_MATMUL_QUANTIZATION_BYTES)
    yield from _transposed_operands(node)
    yield from output_dimensions(node)


def _batch_matmul_cmsis(node: Node) -> Iterable[Request]:
    left, output = node.need(node.input(0), "input"), node.need(node.output(0), "output")
    if len(output.shape) > _MOST_DIMENSIONS:
        raise node.refuse(f"its kernel takes at most {_MOST_DIMENSIONS} dimensions")
    yield from node.inspect("i0 i1 o0")
    yield from _transposed_operands(node)
    yield from output_dimensions(node)
    if left.type == "FLOAT32":
        return
    yield Persistent(_BATCH_MATMUL_QUANTIZATION_BYTES)
    if left.type == "INT8" and (
        size := cmsis_nn.kernel_sums_s8(node.target.simd, output.shape[-1])
    ):
        yield Scratch(size)


def _transposed_operands(node: Node) -> Iterable[Request]:
    options = node.operator.options
    operands = (
        (node.need(node.input(0), "input"), bool(options.get("adj_x"))),
        (node.need(node.input(1), "second input"), not options.get("adj_y")),
    )
    for tensor, transposed in operands:
        if transposed:
            yield Persistent(node.target.pick(EVAL_TENSOR))
            yield Persistent(dimensions_bytes(len(tensor.shape)))
            yield Persistent(tensor.size_bytes)


def output_dimensions(node: Node) -> Iterable[Request]:
    """Request a writable copy of the output's shape (CreateWritableTensorDimsWithCopy)."""
    yield Persistent(dimensions_bytes(len(node.need(node.output(0), "output").shape)))


def _softmax(node: Node) -> Iterable[Request]:
    yield from node.inspect("i0 o0")
    if node.need(node.input(0), "input").type == "INT16":
        yield Persistent(_SOFTMAX_TABLE_BYTES)
        yield Persistent(_SOFTMAX_TABLE_BYTES)


def _pool_cmsis(node: Node, *, average: bool) -> Iterable[Request]:
    yield from node.inspect("i0 o0 i0 o0" if average else "i0 o0")
    image = node.need(node.input(0), "input")
    if average and image.type in {"INT8", "INT16"}:
        size = cmsis_nn.average_pool(node.target.simd, image.shape[-1])
        if size:
            yield Scratch(size)


REFERENCE: Mapping[str, Kernel] = {
    "BATCH_MATMUL": Kernel((16, 16, 32), _batch_matmul_reference),
    "FULLY_CONNECTED": Kernel((48, 48, 72), _dense_reference),
    "SOFTMAX": Kernel((56, 56, 80), _softmax),
}
CMSIS_NN: Mapping[str, Kernel] = {
    "AVERAGE_POOL_2D": Kernel((36, 36, 36), partial(_pool_cmsis, average=True)),
    "BATCH_MATMUL": Kernel((36, 36, 36), _batch_matmul_cmsis),
    "FULLY_CONNECTED": Kernel((72, 72, 72), _dense_cmsis),
    "MAX_POOL_2D": Kernel((36, 36, 36), partial(_pool_cmsis, average=False)),
    "SOFTMAX": Kernel((64, 64, 64), _softmax),
}
