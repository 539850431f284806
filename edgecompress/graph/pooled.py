"""What an affine of each channel can be done after as well as before: pooling and the like."""

from math import prod
from typing import Any

import numpy as np

from edgecompress.graph.fold import Call
from edgecompress.graph.leading import Elements, by_feature
from edgecompress.graph.walk import is_keras_own

_LARGEST = (
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "MaxPooling1D", "MaxPooling2D",
)  # fmt: skip
# Averages count no padding; what is interpolated has weights that add up to 1.
_LINEAR = (
    "AveragePooling1D", "AveragePooling2D", "Cropping1D", "Cropping2D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "RepeatVector", "UpSampling1D", "UpSampling2D",
)  # fmt: skip
_PADDING = ("ZeroPadding1D", "ZeroPadding2D")


def pooled(call: Call, elements: Elements) -> Elements | None:
    """Return scale and offset by channel behind a call that commutes with them; None if none does.

    The largest of s x + h is that of x, scaled and shifted, where s > 0; zeros that are padded stay
    zeros where h is 0.
    """
    kind, places = type(call.layer).__name__, elements.places
    known = kind in (*_LARGEST, *_LINEAR, *_PADDING) and None not in call.shape
    if not known or not is_keras_own(call.layer) or not _is_channels_last(call.layer):
        return None
    gain, shift = (by_feature(v[places], places.shape) for v in (elements.scale, elements.offset))
    if gain is None or shift is None:
        return None
    if (kind in _LARGEST and (gain <= 0).any()) or (kind in _PADDING and shift.any()):
        return None
    shape = tuple(size or 1 for size in call.shape)
    scale, offset = (np.broadcast_to(v, shape).ravel() for v in (gain, shift))
    return Elements(np.arange(prod(shape)).reshape(shape), scale, offset)


def _is_channels_last(layer: Any) -> bool:
    return getattr(layer, "data_format", None) in (None, "channels_last")
