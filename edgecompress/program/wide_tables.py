"""Tables of functions of int16 values: 513 values at equal steps, to be interpolated."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.program import Constant

_STEPS = 512
_LIMITS = np.iinfo(np.int16)
_RANGE = float(_LIMITS.max) - float(_LIMITS.min)

Reals = NDArray[Any]


def exponential_table() -> Constant:
    """Return exp(x) of -10 to 0, in Q0.15."""
    values = table_of(10.0 / _RANGE, _LIMITS.max, 2.0 / _RANGE, np.exp)
    return Constant("exponentials", "int16_t", values)


def reciprocal_table() -> Constant:
    """Return 1 / (1 + x) of 0 to 1, in Q0.15."""
    values = table_of(1.0 / _RANGE, _LIMITS.min, 2.0 / _RANGE, lambda x: np.float32(1) / (1 + x))
    return Constant("reciprocals", "int16_t", values)


def table_of(
    step: float, zero_point: int, output_step: float, function: Callable[[Reals], Reals]
) -> NDArray[np.int16]:
    """Return a function of int16 values as TFLM tabulates it, in float32.

    A value is moved by half of the error that a straight line to the next makes halfway.
    Source: LUTPopulateInt16 in lite/kernels/internal/common.h.
    """
    scale, output_scale = np.float32(step), np.float32(output_step)
    least = scale * np.float32(_LIMITS.min - zero_point)
    most = scale * np.float32(_LIMITS.max - zero_point)
    stride = np.float32(most - least) / np.float32(_STEPS)
    span = output_scale * np.float32(_LIMITS.max) - output_scale * np.float32(_LIMITS.min)
    per_unit = np.float32(1 << 16) / span
    places = np.arange(_STEPS + 1, dtype=np.float32)
    inputs = least + places * stride
    values = function(inputs[:-1]) * per_unit
    following = function(inputs[1:]) * per_unit
    middle = _rounded(function(inputs[:-1] + stride / np.float32(2)) * per_unit)
    on_line = _rounded((following + _rounded(values)) / np.float32(2))
    moved = _rounded(values) - _rounded((on_line - middle) / np.float32(2))
    last = _rounded(function(np.array([most], np.float32)) * per_unit)
    table = np.concatenate([moved, last])
    clipped: NDArray[np.int16] = np.clip(table, _LIMITS.min, _LIMITS.max).astype(np.int16)
    return clipped


def _rounded(values: Reals) -> Reals:
    """Return values rounded, halves away from zero."""
    return np.copysign(np.floor(np.abs(values) + np.float32(0.5)), values).astype(np.float32)
