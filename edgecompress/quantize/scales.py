"""Which range of real values an activation tensor's integers stand for, and so their scale.

Min-max loses no value and may spend its 256 steps on outliers; the others clip. All work on
histograms, so that any number of samples takes the same memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, log2
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Method = Literal["minmax", "percentile", "mse"]
Range = tuple[float, float]

METHODS: tuple[str, ...] = get_args(Method)

_BINS = 2048
_CLIPPED_SHARE = 1e-4  # of values, at each end, by "percentile"
_LEVELS = 255  # steps between the lowest and the highest int8
_SHRINKS = np.linspace(1.0, 0.2, 41)  # shares of the range that "mse" tries
_LOWEST, _HIGHEST = -128, 127


@dataclass
class Histogram:
    """Counts of a tensor's values in equal bins between `low` and `high`, filled batch by batch."""

    low: float
    high: float
    counts: NDArray[np.int64]

    @classmethod
    def empty(cls, low: float, high: float) -> "Histogram":
        """Return a histogram of values known to lie in low..high."""
        return cls(low, high, np.zeros(_BINS, np.int64))

    def add(self, values: NDArray[np.float32]) -> None:
        """Count `values` of any shape."""
        self.counts += np.histogram(values, _BINS, (self.low, self.high))[0]

    @property
    def centres(self) -> NDArray[np.float64]:
        """The middle of each bin."""
        edges = np.linspace(self.low, self.high, _BINS + 1)
        return (edges[:-1] + edges[1:]) / 2


def clipped_range(histogram: Histogram, method: str) -> Range:
    """Return the range that `method` ("percentile" or "mse") chooses; it holds zero."""
    if histogram.high <= histogram.low:
        return _with_zero(histogram.low, histogram.high)
    chosen = _percentile(histogram) if method == "percentile" else _least_error(histogram)
    return _with_zero(*chosen)


def _percentile(histogram: Histogram) -> Range:
    """Leave out one value in ten thousand at each end.

    The share of zeros, which ReLU makes many of, is left out of the count.
    """
    counts = histogram.counts.copy()
    if histogram.low <= 0 <= histogram.high:
        width = (histogram.high - histogram.low) / _BINS
        counts[min(_BINS - 1, int(-histogram.low / width))] = 0
    share = np.cumsum(counts) / max(counts.sum(), 1)
    first = int(np.searchsorted(share, _CLIPPED_SHARE))
    last = int(np.searchsorted(share, 1 - _CLIPPED_SHARE))
    edges = np.linspace(histogram.low, histogram.high, _BINS + 1)
    return float(edges[first]), float(edges[min(last, _BINS - 1) + 1])


def _least_error(histogram: Histogram) -> Range:
    """Return the range with the least mean squared error of rounding and clipping together."""
    low, high = _with_zero(histogram.low, histogram.high)
    for _ in range(2):  # the ends depend little on each other
        high = min((high * s for s in _SHRINKS), key=lambda h: _error(histogram, low, h))
        low = min((low * s for s in _SHRINKS), key=lambda value: _error(histogram, value, high))
    return low, high


def _error(histogram: Histogram, low: float, high: float) -> float:
    scale = (high - low) / _LEVELS
    if scale <= 0:
        return float("inf")
    values = histogram.centres
    steps = np.clip(np.round((values - low) / scale), 0, _LEVELS)
    return float((histogram.counts * (values - low - steps * scale) ** 2).sum())


def pow2_range(low: float, high: float) -> Range:
    """Return the smallest range around low..high whose int8 scale is a power of two.

    Its ends are whole multiples of the scale, so that (high - low) / 255 is exact in float32.
    """
    low, high = _with_zero(low, high)
    exponent = ceil(log2(max((high - low) / _LEVELS, 2.0**-40)))
    while True:
        scale = 2.0**exponent
        zero_point = _LOWEST - floor(low / scale)
        if (_HIGHEST - zero_point) * scale >= high - scale / 2:
            return (_LOWEST - zero_point) * scale, (_HIGHEST - zero_point) * scale
        exponent += 1


def pow2_scales(largest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for weights of magnitude up to `largest` the smallest powers of two as int8 scales.

    A magnitude up to half a step over 127 steps still rounds to 127.
    """
    return 2.0 ** np.ceil(np.log2(np.maximum(largest, 2.0**-40) / (_HIGHEST + 0.5)))


def choose_ranges(histograms: Mapping[str, Histogram], method: str) -> dict[str, Range]:
    """Return the range of each tensor by name."""
    return {name: clipped_range(histogram, method) for name, histogram in histograms.items()}


def _with_zero(low: float, high: float) -> Range:
    """Zero must be one of the steps: padding and ReLU need it exactly."""
    return min(low, 0.0), max(high, 0.0)
