"""What convolutions and dense layers keep in flash: weights, biases and multipliers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import ModelError
from edgecompress.program.fixed_point import quantize_multiplier, quantize_multipliers
from edgecompress.program.node import Node, scale_of, values_of, zero_point_of
from edgecompress.program.program import Constant
from edgecompress.tflite.graph import Tensor

_LEAST = np.iinfo(np.int32).min


def weights_constant(weights: NDArray[np.int8]) -> Constant:
    """Return int8 weights as a constant."""
    return Constant("weights", "int8_t", np.ascontiguousarray(weights).ravel(), of_model=True)


def padded_rows(weights: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the weights of each filter [filters, ...] as a row, zeros up to a multiple of four."""
    rows = weights.reshape(len(weights), -1)
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))


def packed_constant(weights: Tensor) -> Constant:
    """Return weights of INT4 as they are stored: two to a byte."""
    if weights.data is None:
        raise ModelError(f"tensor {weights.index} ({weights.name}) is no constant")
    packed = np.frombuffer(bytes(weights.data)[: weights.size_bytes], np.uint8)
    return Constant("weights", "uint8_t", packed, of_model=True)


def folded_bias(
    node: Node, bias: Tensor | None, weight_sums: NDArray[np.int64], zero_point: int
) -> Constant:
    """Return biases less the input's zero point times the sum of each channel's weights.

    With them the kernel multiplies inputs as they are stored: the sum of w * (x - z) is that of
    w * x, less z times that of w.
    """
    given = np.zeros(len(weight_sums), np.int64) if bias is None else values_of(bias).ravel()
    folded = given.astype(np.int64) - zero_point * weight_sums
    if folded.min() < _LEAST or folded.max() > -_LEAST - 1:
        raise node.refuse("its biases do not fit 32 bits with the input's zero point folded in")
    return Constant("bias", "int32_t", folded.astype(np.int32), of_model=True)


def multiplier_constants(
    scales: Sequence[float], value: Tensor, output: Tensor
) -> tuple[Constant, Constant, int]:
    """Return multipliers and shifts of outputs, and the step between those of channels: 0 or 1.

    real multiplier = input scale * weight scale / output scale, in double precision.
    """
    reals = [float(scale_of(value)) * scale / float(scale_of(output)) for scale in scales]
    multipliers, shifts = quantize_multipliers(reals)
    return (
        Constant("multipliers", "int32_t", multipliers),
        Constant("shifts", "int8_t", shifts),
        int(len(scales) > 1),
    )


def product_multiplier(value: Tensor, weights: Tensor, output: Tensor) -> tuple[int, int]:
    """Return (multiplier, shift) of a layer whose weights have one scale, in double precision.

    So does the interpreter of tflite-micro 0.dev20261023. GetQuantizedConvolutionMultipler of TFLM
    90b983c multiplied the scales of inputs in float32, from which two in three million int8 values
    of random layers come out otherwise.
    """
    product = float(scale_of(value)) * float(scale_of(weights))
    return quantize_multiplier(product / float(scale_of(output)))


def border_constant(value: Tensor, length: int) -> Constant:
    """Return a run of the input's zero point: what lies around an image."""
    return Constant("border", "int8_t", np.full(length, zero_point_of(value), np.int8))
