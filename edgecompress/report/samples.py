"""Samples as people look at them: pictures, waveforms, or rows of figures."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGEST_PIXELS = 96  # of a picture's longer side
_COLOURS = (1, 3, 4)
_MOST_SERIES = 8  # of a waveform
_LEAST_STEPS = 16  # fewer are a row
_MOST_STEPS = 200
_MOST_VALUES = 32  # of a row


def drawn_samples(arrays: Sequence[NDArray[Any]]) -> list[list[dict[str, Any]]]:
    """Return each sample as the plain values it is drawn by, one entry for each input.

    Args:
        arrays: one [n, ...] for each input; the shape says what a sample is.

    Returns:
        For each sample and input `{"kind": "picture", "png": data URI}`; `{"kind": "waveform",
        "series": [[...]]}`, a list over time for each channel; or `{"kind": "row", "values"}`.
    """
    return [[_drawn(values[index], values) for values in arrays] for index in range(len(arrays[0]))]


def _drawn(sample: NDArray[Any], alike: NDArray[Any]) -> dict[str, Any]:
    shape = sample.shape
    if sample.ndim == 3 and shape[2] in _COLOURS and min(shape[:2]) > 1:  # noqa: PLR2004 - height, width, colours
        return {"kind": "picture", "png": _png(_grey_levels(sample, alike))}
    series = _series(sample)
    if series is not None and series.shape[1] >= _LEAST_STEPS:
        return {"kind": "waveform", "series": [_rounded(row) for row in series]}
    if sample.ndim == 2:  # noqa: PLR2004 - more channels than can be told apart: a spectrogram
        return {"kind": "picture", "png": _png(_grey_levels(sample.T[..., None], alike))}
    return {"kind": "row", "values": _rounded(sample.reshape(-1)[:_MOST_VALUES])}


def _series(sample: NDArray[Any]) -> NDArray[Any] | None:
    """Return a sample over time as [channels, time], thinned; None if it is no such thing."""
    lines = np.squeeze(sample)
    if lines.ndim == 1:
        lines = lines[:, None]
    if lines.ndim != 2 or lines.shape[1] > _MOST_SERIES:  # noqa: PLR2004 - time, channels
        return None
    return np.asarray(lines[:: -(-len(lines) // _MOST_STEPS)].T)


def _rounded(values: NDArray[Any]) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def _grey_levels(sample: NDArray[Any], alike: NDArray[Any]) -> NDArray[np.uint8]:
    """Return values as 0..255, between the least and the largest of the samples alike."""
    low, high = float(alike.min()), float(alike.max())
    return np.asarray((sample - low) / (high - low or 1.0) * 255, np.uint8)


def _png(pixels: NDArray[np.uint8]) -> str:
    """Return a picture [height, width, colours] as a data URI, smaller if it is large."""
    from PIL import Image

    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((_LARGEST_PIXELS, _LARGEST_PIXELS))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
