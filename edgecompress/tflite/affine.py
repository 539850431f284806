"""Real values to a tensor's integers and back: real = scale * (q - zero_point).

Real inputs of a model whose metadata says so are normalized before: (x - mean) / std.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.tflite.graph import Normalization, Tensor

_ROUND_HALF = 0.5


def quantize(values: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    """Normalize real `values`, and quantize them: half away from zero, saturating.

    In float32, as the generated firmware does it; integer values are taken as already quantized.

    Args:
        values: [n, ...] or of any other shape that ends with the features of `tensor`.
        tensor: whose normalization, scale and type they get.
    """
    dtype = np.dtype(tensor.type.lower())
    if not np.issubdtype(values.dtype, np.floating):
        return values.astype(dtype, copy=False)
    real = normalize(values, tensor.normalization) if tensor.normalization else values
    if tensor.quantization is None:
        return real.astype(dtype, copy=False)
    steps = real.astype(np.float32) / np.float32(tensor.quantization.scales[0])
    whole = np.trunc(steps)
    away = np.where(np.abs(steps - whole) >= _ROUND_HALF, np.sign(steps), 0)
    limits = np.iinfo(dtype)
    shifted = whole.astype(np.float64) + away + tensor.quantization.zero_points[0]
    quantized: NDArray[Any] = np.clip(shifted, limits.min, limits.max).astype(dtype)
    return quantized


def normalize(values: NDArray[Any], normalization: Normalization) -> NDArray[np.float32]:
    """Return (x - mean) / std of values whose last elements are features, in float32."""
    mean, std = (np.array(part, np.float32) for part in (normalization.mean, normalization.std))
    features = max(len(mean), len(std))
    rows = (values.astype(np.float32).reshape(-1, features) - mean) / std
    normalized: NDArray[np.float32] = rows.reshape(values.shape)
    return normalized


def dequantize(values: NDArray[Any], tensor: Tensor) -> NDArray[np.float32]:
    """Return the real values, float32, of what a tensor of one scale holds."""
    if tensor.quantization is None:
        return values.astype(np.float32)
    scale, zero_point = tensor.quantization.scales[0], tensor.quantization.zero_points[0]
    return (values.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


def real_range(tensor: Tensor) -> tuple[float, float]:
    """Return the smallest and the largest real value that a quantized tensor can hold.

    Of an input that is normalized, these are the values before, of whichever feature is larger.
    """
    limits = np.iinfo(np.dtype(tensor.type.lower()))
    ends = dequantize(np.array([[limits.min], [limits.max]]), tensor)
    if tensor.normalization:
        ends = ends * np.array(tensor.normalization.std) + np.array(tensor.normalization.mean)
    return float(ends.min()), float(ends.max())
