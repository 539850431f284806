"""Real values to a tensor's integers and back: real = scale * (q - zero_point)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.tflite.graph import Tensor

_ROUND_HALF = 0.5


def quantize(values: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    """Quantize real `values` to the type of `tensor`: half away from zero, saturating.

    In float32, as the generated firmware does it; integer values are taken as already quantized.
    """
    dtype = np.dtype(tensor.type.lower())
    if tensor.quantization is None or not np.issubdtype(values.dtype, np.floating):
        return values.astype(dtype, copy=False)
    steps = values.astype(np.float32) / np.float32(tensor.quantization.scales[0])
    whole = np.trunc(steps)
    away = np.where(np.abs(steps - whole) >= _ROUND_HALF, np.sign(steps), 0)
    limits = np.iinfo(dtype)
    shifted = whole.astype(np.float64) + away + tensor.quantization.zero_points[0]
    quantized: NDArray[Any] = np.clip(shifted, limits.min, limits.max).astype(dtype)
    return quantized


def dequantize(values: NDArray[Any], tensor: Tensor) -> NDArray[np.float32]:
    """Return the real values, float32, of what a tensor of one scale holds."""
    if tensor.quantization is None:
        return values.astype(np.float32)
    scale, zero_point = tensor.quantization.scales[0], tensor.quantization.zero_points[0]
    return (values.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


def real_range(tensor: Tensor) -> tuple[float, float]:
    """Return the smallest and the largest real value that a quantized tensor can hold."""
    limits = np.iinfo(np.dtype(tensor.type.lower()))
    low, high = dequantize(np.array([limits.min, limits.max]), tensor)
    return float(low), float(high)
