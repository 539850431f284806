"""What the first layers of a model do to its inputs, element by element: scale * x + offset.

Layers are followed from an input on as long as each is the only reader of the last: those that
scale and shift (Normalization, BatchNormalization, Rescaling, arithmetic with constants), and those
that only order the elements anew or do nothing when a model runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.graph.fold import Call
from edgecompress.graph.walk import is_keras_own
from edgecompress.keras_files.model import import_keras

Values = NDArray[np.float64]
_Affine = tuple[Any, Any]  # scale and offset, in shapes that broadcast with a sample

_IDLE = (
    "ActivityRegularization", "Dropout", "GaussianDropout", "GaussianNoise", "Identity",
    "SpatialDropout1D", "SpatialDropout2D",
)  # fmt: skip


@dataclass(frozen=True)
class Elements:
    """The elements of an input where a call has them.

    `places` says by its shape how a sample is laid out there, and by its values which element of
    the input is where; `scale` and `offset` [elements of the input] what was done to each so far.
    """

    places: NDArray[np.int64]
    scale: Values
    offset: Values

    @classmethod
    def of_input(cls, shape: Sequence[int]) -> "Elements":
        """Return the elements of samples of `shape`, untouched."""
        count = prod(shape)
        return cls(np.arange(count).reshape(shape), np.ones(count), np.zeros(count))

    def scaled(self, scale: Any, offset: Any) -> "Elements":
        """Return them with another affine done, its values broadcast over `places`."""
        scales, offsets = (np.broadcast_to(v, self.places.shape).ravel() for v in (scale, offset))
        order = self.places.ravel()
        changed = replace(self, scale=self.scale.copy(), offset=self.offset.copy())
        changed.scale[order] = self.scale[order] * scales
        changed.offset[order] = self.offset[order] * scales + offsets
        return changed


@dataclass(frozen=True)
class Lead:
    """What the first calls do to an input, as far as it is said by `scale` and `offset`."""

    calls: tuple[Call, ...]  # that scale and shift: without these the same elements flow on
    last: Call  # the input itself, or the last call followed
    elements: Elements  # as `last` gives them, but for what `calls` do
    scale: Values  # one value, or one for each feature of the last axis, or for each element
    offset: Values


def lead_of(source: Call, shape: Sequence[int], *, by_element: bool = False) -> Lead:
    """Return what is done to an input before anything else reads it.

    Args:
        source: the input, as of `flat_graph`.
        shape: of a sample.
        by_element: follow also what is not alike for a feature of the last axis everywhere.
    """
    alike = (prod(shape),) if by_element else shape
    elements, call = Elements.of_input(shape), source
    calls: tuple[Call, ...] = ()
    lead = Lead((), source, elements, np.ones(1), np.zeros(1))
    while len(call.consumers) == 1:
        call = call.consumers[0]
        after = _followed(call, elements)
        if after is None:
            break
        if after.places is elements.places and after is not elements:
            calls = (*calls, call)
        elements = after
        scale, offset = (by_feature(values, alike) for values in (elements.scale, elements.offset))
        if scale is not None and offset is not None:
            untouched = Elements.of_input(shape)
            lead = Lead(calls, call, replace(untouched, places=elements.places), scale, offset)
    return lead


def by_feature(values: Values, shape: Sequence[int]) -> Values | None:
    """Return one value for all of a sample, or one for each feature; None where neither will do."""
    rows = values.reshape(-1, shape[-1] if shape else 1)
    if (rows != rows[0]).any():
        return None
    return rows[0, :1] if (rows[0] == rows[0, 0]).all() else rows[0]


def is_affine(call: Call) -> bool:
    """Say whether a call does nothing but scale and shift its one input by constants."""
    return call.layer is not None and _affine(call, len(call.shape)) is not None


def is_idle(layer: Any) -> bool:
    """Say whether a layer does nothing when a model runs."""
    kind = type(layer).__name__
    function = getattr(layer, "activation", None) if kind == "Activation" else None
    return kind in _IDLE or getattr(function, "__name__", "") == "linear"


def reordered(call: Call, elements: Elements) -> Elements | None:
    """Return the elements behind a call that does nothing to them but give them another place."""
    kind = type(call.layer).__name__
    if len(call.sources) != 1:
        return None
    if is_idle(call.layer):
        return elements
    places = elements.places
    if kind == "Permute":
        return replace(elements, places=places.transpose([d - 1 for d in call.layer.dims]))
    if kind == "Reshape":
        return replace(elements, places=places.reshape(_target_shape(call.layer)))
    if kind == "Flatten" and (call.layer.data_format == "channels_last" or places.ndim == 1):
        return replace(elements, places=places.ravel())
    return None


def _target_shape(layer: Any) -> tuple[int, ...]:
    """Return what a Reshape layer, or keras.ops.reshape with its batch, makes of a sample."""
    shape = getattr(layer, "target_shape", None)
    return tuple(layer.newshape[1:] if shape is None else shape)


def _followed(call: Call, elements: Elements) -> Elements | None:
    affine = _affine(call, elements.places.ndim)
    if affine is None:
        return reordered(call, elements)
    try:
        return elements.scaled(*affine)
    except ValueError:  # it gives the sample another shape
        return None


def _affine(call: Call, rank: int) -> _Affine | None:
    """Return scale and offset of a call that does nothing else to its one input."""
    kind = type(call.layer).__name__
    if len(call.sources) != 1 or not is_keras_own(call.layer):
        return None
    if kind in _LAYERS:
        return _LAYERS[kind](call.layer, rank)
    return _arithmetic(kind, call.arguments, rank) if kind in _OPERATIONS else None


def _normalization(layer: Any, rank: int) -> _Affine:
    mean, variance = map(_array, (layer.mean, layer.variance))
    deviation = np.maximum(np.sqrt(variance), import_keras().backend.epsilon())
    scale, offset = (deviation, mean) if layer.invert else (1 / deviation, -mean / deviation)
    return _of_sample(scale, rank), _of_sample(offset, rank)


def _array(values: Any) -> Values:
    """Return a variable or tensor of Keras as an array."""
    return np.asarray(import_keras().ops.convert_to_numpy(values), np.float64)


def _of_sample(values: Values, rank: int) -> Values:
    """Return values without the batch axis, which has one element."""
    return values[0] if values.ndim == rank + 1 else values


def _batch_normalization(layer: Any, rank: int) -> _Affine:
    scale = 1 / np.sqrt(_array(layer.moving_variance) + layer.epsilon)
    scale = scale * _array(layer.gamma) if layer.scale else scale
    offset = -_array(layer.moving_mean) * scale
    offset = offset + _array(layer.beta) if layer.center else offset
    shape = [1] * (rank + 1)
    shape[layer.axis] = -1
    return scale.reshape(shape)[0], offset.reshape(shape)[0]


def _rescaling(layer: Any, rank: int) -> _Affine | None:
    del rank
    scale, offset = np.asarray(layer.scale, np.float64), np.asarray(layer.offset, np.float64)
    by_axis = scale.ndim > 0 and import_keras().config.image_data_format() != "channels_last"
    return None if by_axis else (scale, offset)


_LAYERS: Mapping[str, Callable[[Any, int], _Affine | None]] = {
    "BatchNormalization": _batch_normalization,
    "Normalization": _normalization,
    "Rescaling": _rescaling,
}
# keras.ops of x and a constant c: (x, c) in either order -> scale and offset.
_OPERATIONS: Mapping[str, Callable[[Values, bool], _Affine | None]] = {
    "Add": lambda c, _: (1.0, c),
    "Subtract": lambda c, x_first: (1.0, -c) if x_first else (-1.0, c),
    "Multiply": lambda c, _: (c, 0.0),
    "Divide": lambda c, x_first: (1 / c, 0.0) if x_first and c.all() else None,
    "TrueDivide": lambda c, x_first: (1 / c, 0.0) if x_first and c.all() else None,
}


def _arithmetic(kind: str, arguments: tuple[Any, ...], rank: int) -> _Affine | None:
    if len(arguments) != 2 or isinstance(arguments[0], Call) == isinstance(arguments[1], Call):  # noqa: PLR2004
        return None
    x_first = isinstance(arguments[0], Call)
    try:
        constant = np.asarray(arguments[1 if x_first else 0], np.float64)
    except (TypeError, ValueError):
        return None
    without_batch = constant[0] if constant.ndim > rank and len(constant) == 1 else constant
    return _OPERATIONS[kind](without_batch, x_first)
