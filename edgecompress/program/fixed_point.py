"""Fixed-point arithmetic of quantized inference, on whole arrays, for what is known at build time.

Sources: TFLite's quantization specification
(https://ai.google.dev/edge/litert/models/quantization_spec) and gemmlowp's fixed point
(https://github.com/google/gemmlowp/blob/master/doc/quantization.md). Values are int64 arrays that
hold int32 values.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_Q31 = 1 << 31
_LEAST_SHIFT = -31


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Return (multiplier, shift) with real = multiplier / 2^31 * 2^shift.

    The multiplier is at least 2^30 and below 2^31. Values below 2^-32 become zero: (0, 0).
    """
    if real == 0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    multiplier = math.floor(mantissa * _Q31 + 0.5)
    if multiplier == _Q31:
        multiplier, shift = multiplier // 2, shift + 1
    return (0, 0) if shift < _LEAST_SHIFT else (multiplier, shift)


def quantize_multipliers(reals: Sequence[float]) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Return `quantize_multiplier` of each as two arrays."""
    pairs = [quantize_multiplier(real) for real in reals]
    return (
        np.array([multiplier for multiplier, _ in pairs], np.int32),
        np.array([shift for _, shift in pairs], np.int8),
    )


def saturated(values: Any) -> Ints:
    """Return values clipped to int32."""
    limits = np.iinfo(np.int32)
    clipped: Ints = np.clip(np.asarray(values, np.int64), limits.min, limits.max)
    return clipped


def high_mul(a: Any, b: Any) -> Ints:
    """Return round(a * b / 2^31), halves up: the saturating rounding doubling high multiply."""
    return saturated((np.asarray(a, np.int64) * np.asarray(b, np.int64) + (1 << 30)) >> 31)


def rounding_shift(values: Any, exponent: int) -> Ints:
    """Return round(values / 2^exponent), halves away from zero."""
    x = np.asarray(values, np.int64)
    if exponent <= 0:
        return x
    return (x + (1 << (exponent - 1)) - (x < 0)) >> exponent


def requantize(values: Any, multiplier: int, shift: int) -> Ints:
    """Return values * multiplier / 2^31 * 2^shift, rounded twice as the kernels do."""
    raised = np.asarray(values, np.int64) << max(shift, 0)
    return rounding_shift(high_mul(raised, multiplier), max(-shift, 0))


def shifted_left(values: Any, exponent: int) -> Ints:
    """Return values * 2^exponent, saturating."""
    return saturated(np.asarray(values, np.int64) << exponent)


# exp(-2^n) in Q0.31, for n = -2 to 4. Source: the values of the function, rounded.
_EXP_OF_BIT = tuple(round(math.exp(-(2.0**n)) * _Q31) for n in range(-2, 5))
_EXP_MINUS_ONE_EIGHTH = round(math.exp(-1 / 8) * _Q31)
_ONE_THIRD = round(_Q31 / 3)


def _exp_near_zero(values: Ints) -> Ints:
    """Return exp(a) for a in [-1/4, 0), Q0.31: four terms of its series around -1/8."""
    x = values + (1 << 28)
    x2 = high_mul(x, x)
    x3 = high_mul(x2, x)
    x4_4 = rounding_shift(high_mul(x2, x2), 2)
    rest = rounding_shift(high_mul(x4_4 + x3, _ONE_THIRD) + x2, 1)
    return saturated(_EXP_MINUS_ONE_EIGHTH + high_mul(_EXP_MINUS_ONE_EIGHTH, x + rest))


def exp_on_negative_values(values: Any, integer_bits: int) -> Ints:
    """Return exp(a) in Q0.31 of values a <= 0 with `integer_bits` bits before the point.

    The part below a quarter by `_exp_near_zero`, each bit above it by one multiplication.
    """
    x = np.asarray(values, np.int64)
    fractional_bits = 31 - integer_bits
    quarter = 1 << (fractional_bits - 2)
    below = (x & (quarter - 1)) - quarter
    result = _exp_near_zero(shifted_left(below, integer_bits))
    remainder = below - x
    for n, factor in enumerate(_EXP_OF_BIT, start=-2):
        if n < integer_bits:
            bit = 1 << (fractional_bits + n)
            result = np.where(remainder & bit, high_mul(result, factor), result)
    return np.where(x == 0, _Q31 - 1, result)
