"""Bias correction: rounded weights must not shift the mean of what a layer computes.

Rounding errors of a kernel do not cancel where inputs have a mean other than zero, as after every
ReLU: the layer's output is shifted, channel by channel. The shift is measured and taken from the
bias. Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
Correction", 2019, section 4.2 and the appendix on empirical bias correction.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.quantize.calibrated import with_constant
from edgecompress.quantize.tensor_values import Samples, tensor_values
from edgecompress.tflite.affine import dequantize, quantize
from edgecompress.tflite.graph import Operator, Subgraph, Tensor
from edgecompress.tflite.reader import read_model

_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_SAMPLES = 64  # means of differences between float and int8 settle early

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """A layer of a quantized model with its float counterpart."""

    operator: Operator
    input: Tensor
    exact_input: str  # the tensor's name in the float model
    bias: Tensor
    weights: Values  # the real values of the integers
    exact_weights: Values


def bias_corrected(calibrated: bytes, quantized: bytes, samples: Samples) -> bytes:
    """Return `quantized` with biases that make up for the mean error of each layer's output.

    Layers are corrected in the order they run, each on the integers that those before it, already
    corrected, give: only so are errors that add up along a deep model taken back.

    Args:
        calibrated: the float .tflite that `quantized` was made of, with the same tensor names.
        quantized: an integer .tflite.
        samples: inputs of the float model, one array [n, ...] each; 64 of them are used.
    """
    layers = _layers(calibrated, quantized)
    few = tuple(values[:: ceil(len(values) / _SAMPLES)] for values in samples)
    graph = read_model(quantized).main
    inputs = [graph.tensors[index] for index in graph.inputs]
    integers = tuple(quantize(v, t) for v, t in zip(few, inputs, strict=True))
    exact = _means(calibrated, {layer.exact_input for layer in layers}, few)
    for layer in layers:
        seen = _means(quantized, {layer.input.name}, integers)[layer.input.name]
        wanted = _answer(layer.operator, exact[layer.exact_input], layer.exact_weights)
        real = dequantize(seen, layer.input).astype(np.float64)
        got = _answer(layer.operator, real, layer.weights)
        quantized = with_constant(quantized, layer.bias.index, _moved(layer.bias, wanted - got))
    return quantized


def _layers(calibrated: bytes, quantized: bytes) -> list[Layer]:
    """Return the layers that can be corrected: those with a bias of their own, in order."""
    exact, rounded = read_model(calibrated).main, read_model(quantized).main
    by_output = {exact.tensors[op.outputs[0]].name: op for op in exact.operators}
    buffers = [tensor.buffer for tensor in rounded.tensors]
    layers = []
    for operator in rounded.operators:
        twin = by_output.get(rounded.tensors[operator.outputs[0]].name)
        if operator.op not in _LAYERS or twin is None or twin.op != operator.op:
            continue
        weights, bias = (_constant(rounded, operator, place) for place in (1, 2))
        wanted = _constant(exact, twin, 1)
        if not (weights and bias and wanted) or buffers.count(bias.buffer) > 1:
            continue
        source, exact_source = rounded.tensors[operator.inputs[0]], exact.tensors[twin.inputs[0]]
        layers.append(
            Layer(operator, source, exact_source.name, bias, _real(weights), _real(wanted))
        )
    return layers


def _constant(subgraph: Subgraph, operator: Operator, place: int) -> Tensor | None:
    """Return an input of an operator if there is one and it is a constant."""
    index = operator.inputs[place] if place < len(operator.inputs) else -1
    return subgraph.tensors[index] if index >= 0 and subgraph.tensors[index].data else None


def _real(tensor: Tensor) -> Values:
    """Return the real values of a constant."""
    stored = np.frombuffer(tensor.data or b"", tensor.type.lower()).reshape(tensor.shape)
    real: Values = stored.astype(np.float64)
    q = tensor.quantization
    if q is not None:
        shape = [1] * len(tensor.shape)
        if len(q.scales) > 1:
            shape[q.axis] = len(q.scales)
        real = (real - np.reshape(q.zero_points, shape)) * np.reshape(q.scales, shape)
    return real


def _moved(bias: Tensor, shift: Values) -> NDArray[Any]:
    """Return a bias with `shift` (real) added."""
    stored = np.frombuffer(bias.data or b"", bias.type.lower())
    scales = bias.quantization.scales if bias.quantization is not None else (1.0,)
    moved: NDArray[Any] = stored + np.round(shift / scales).astype(stored.dtype)
    return moved


def _means(model: bytes, names: set[str], samples: Samples) -> dict[str, Values]:
    """Return the mean over the samples of each tensor named: an image of means, for an image."""
    total: dict[str, Values] = {}
    for values in tensor_values(model, samples, names):
        for name, value in values.items():
            total[name] = total.get(name, 0) + value.astype(np.float64)
    return {name: value / len(samples[0]) for name, value in total.items()}


def _answer(operator: Operator, mean: Values, weights: Values) -> Values:
    """Return the mean of a layer's output without bias, by channel, for inputs of that mean.

    A layer is linear before its activation, so the mean of its outputs is the output of the mean.
    """
    answer: Values
    if operator.op == "FULLY_CONNECTED":
        answer = weights @ mean.reshape(-1, weights.shape[1]).mean(0)
        return answer
    taps = _taps(operator, mean[0], weights.shape[1:3])
    if operator.op == "DEPTHWISE_CONV_2D":
        multiplier = weights.shape[3] // taps.shape[2]
        answer = (weights[0] * np.repeat(taps, multiplier, axis=2)).sum((0, 1))
        return answer
    groups = taps.shape[2] // weights.shape[3]
    by_group = taps.reshape(*taps.shape[:2], groups, -1)
    answer = np.einsum("gohwc,hwgc->go", weights.reshape(groups, -1, *weights.shape[1:]), by_group)
    return answer.ravel()


def _taps(operator: Operator, image: Values, kernel: tuple[int, int]) -> Values:
    """Return what each tap of a kernel [h, w] sees on average of an image [H, W, C], [h, w, C]."""
    options = operator.options
    strides = options["stride_h"], options["stride_w"]
    dilations = options["dilation_h_factor"], options["dilation_w_factor"]
    spans = [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations, strict=True)]
    if options["padding"] == "SAME":
        image = np.pad(image, [*map(_same_padding, image.shape, spans, strides), (0, 0)])
    ends = [size - span + 1 for size, span in zip(image.shape, spans, strict=False)]
    return np.array(
        [
            [
                image[
                    y * dilations[0] : y * dilations[0] + ends[0] : strides[0],
                    x * dilations[1] : x * dilations[1] + ends[1] : strides[1],
                ].mean((0, 1))
                for x in range(kernel[1])
            ]
            for y in range(kernel[0])
        ]
    )


def _same_padding(size: int, span: int, stride: int) -> tuple[int, int]:
    """Return the padding before and after, as TensorFlow's "SAME" has it."""
    missing = max((ceil(size / stride) - 1) * stride + span - size, 0)
    return missing // 2, missing - missing // 2
