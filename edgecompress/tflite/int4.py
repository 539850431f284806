"""Large kernels of an int8 .tflite on fewer steps: in 4 bits, or in 5 or 6 for encoders."""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edgecompress.tflite.pack import serialized

# Kernels of fewer weights stay as they are: they save few bytes, and the first and the last layer,
# which 4 bits harm most, are often among them.
LEAST_WEIGHTS = 1024
BITS = 4
FEWER_BITS = (4, 5, 6)
_CLIPPED = (8 / 7, 9 / 7, 10 / 7, 12 / 7)  # where the largest weight may be, of the largest integer

_SMALLEST_SCALE = 1e-12
_CONV_2D = schema.BuiltinOperator.CONV_2D
_FULLY_CONNECTED = schema.BuiltinOperator.FULLY_CONNECTED


def highest(bits: int) -> int:
    """Return the largest integer of so many bits. Weights are symmetric: -7..7 in 4 bits."""
    return (1 << bits - 1) - 1


def largest_steps(bits: int) -> tuple[int, ...]:
    """Return at how many steps the largest weight of a channel may be.

    Above the largest integer it is clipped, which may cost less than finer steps gain; below, a
    kernel that was trained on such steps stays as it is.
    """
    most = highest(bits)
    clipped = (round(most * ratio) for ratio in _CLIPPED)
    return (*range((most + 1) // 2, most + 1), *clipped)


def with_fewer_steps(model: bytes, bits: int) -> bytes:
    """Return an int8 model whose large kernels of CONV_2D and FULLY_CONNECTED have fewer steps.

    In 4 bits they are int4: both have kernels in TFLM that take int8 activations and int4 weights.
    In 5 or 6 they are int8 still, and smaller only once they are encoded. Scales stay one per
    output channel or per tensor; biases follow them. A convolution in groups stays, and so does a
    dense layer with a scale for each unit: CMSIS-NN has no 4-bit kernels for them.

    Args:
        model: a .tflite of int8 activations and kernels.
        bits: of FEWER_BITS.
    """
    content = schema.ModelT.InitFromPackedBuf(model)
    for graph in content.subgraphs:
        growth: dict[int, NDArray[np.float64]] = {}  # of scales, by tensor: layers may share one
        for weights, bias in _large_kernels(content, graph):
            if id(weights) not in growth:
                growth[id(weights)] = _round_on(content, weights, bits)
            if bias is not None and id(bias) not in growth:
                growth[id(bias)] = growth[id(weights)]
                _rescale(content, bias, growth[id(bias)])
    return serialized(content)


def rounded(
    kernel: NDArray[np.floating[Any]], bits: int = BITS
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Round a kernel [channels, weights] to integers of few bits, by the least squared error.

    Returns:
        The integers, and the scale [channels] by which they stand for the kernel's values.
    """
    largest = np.maximum(np.abs(kernel).max(axis=1, keepdims=True), _SMALLEST_SCALE)
    most = highest(bits)
    scales = np.stack([largest / steps for steps in largest_steps(bits)])
    steps = np.clip(np.round(kernel / scales), -most, most)
    best = np.square(steps * scales - kernel).sum(axis=2).argmin(axis=0)
    channels = np.arange(len(kernel))
    return steps[best, channels].astype(np.int8), scales[best, channels, 0].astype(np.float64)


def _large_kernels(content: Any, graph: Any) -> list[tuple[Any, Any]]:
    """Return (weights, bias or None) of each operator whose weights get fewer steps."""
    found = []
    for operator in graph.operators or ():
        code = content.operatorCodes[operator.opcodeIndex].builtinCode
        if code not in (_CONV_2D, _FULLY_CONNECTED):
            continue
        image, weights = (graph.tensors[index] for index in operator.inputs[:2])
        bias = next((graph.tensors[index] for index in operator.inputs[2:] if index >= 0), None)
        if (
            image.type == weights.type == schema.TensorType.INT8
            and np.prod(weights.shape) >= LEAST_WEIGHTS
            and content.buffers[weights.buffer].data is not None
            and (
                len(weights.quantization.scale) == 1
                if code == _FULLY_CONNECTED
                else weights.shape[-1] == image.shape[-1]
            )
        ):
            found.append((weights, bias))
    return found


def _round_on(content: Any, weights: Any, bits: int) -> NDArray[np.float64]:
    """Round a constant to few bits; return by how much its scales have grown."""
    finer = np.asarray(weights.quantization.scale, np.float64)
    stored = content.buffers[weights.buffer].data.view(np.int8)
    steps, coarser = rounded(stored.reshape(len(finer), -1) * finer[:, None], bits)
    weights.quantization.scale = coarser.astype(np.float32)
    if bits == BITS:
        weights.type = schema.TensorType.INT4
        weights.buffer = _added(content, _nibbles(steps.ravel()))
    else:
        weights.buffer = _added(content, steps.ravel().view(np.uint8))
    growth: NDArray[np.float64] = coarser / finer
    return growth


def _nibbles(steps: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return two values to a byte, the first in its lower half."""
    even = np.pad(steps, (0, len(steps) % 2)).view(np.uint8) & 0xF
    return (even[0::2] | even[1::2] << 4).astype(np.uint8)


def steps_of(nibbles: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the values that are stored two to a byte, the first in its lower half."""
    pairs = np.stack([nibbles << 4 >> 4, nibbles >> 4], axis=1)
    return pairs.ravel().astype(np.int8)


def _rescale(content: Any, bias: Any, growth: NDArray[np.float64]) -> None:
    """Give an int32 bias scales that are `growth` times as large."""
    stored = content.buffers[bias.buffer].data.view(np.int32)
    bias.quantization.scale = (np.asarray(bias.quantization.scale) * growth).astype(np.float32)
    bias.buffer = _added(content, np.round(stored / growth).astype(np.int32).view(np.uint8))


def _added(content: Any, values: NDArray[np.uint8]) -> int:
    content.buffers.append(schema.BufferT(data=values))
    return len(content.buffers) - 1
