"""Inputs of mixed units: their normalization leaves the integer graph, which gets one good scale.

All of an input shares one int8 scale. An accelerometer's 0.2 next to a gyroscope's 150 is less than
half a step of it, and lost before the first layer. So what a model's first layers do to each
feature (Normalization, BatchNormalization) is taken out and done before rounding, in float; where a
model has no such layer and rounding its input harms it, each feature is centred and scaled by its
own range in the samples, and the first layers with a kernel undo that exactly.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import ModelError
from edgecompress.graph.absorb import relieved
from edgecompress.graph.fold import flat_graph
from edgecompress.graph.leading import Lead, Values, lead_of
from edgecompress.graph.walk import graph_of
from edgecompress.keras_files.model import import_keras
from edgecompress.quantize.output_error import snr_db
from edgecompress.tflite.affine import normalize
from edgecompress.tflite.graph import Normalization

_log = logging.getLogger(__name__)

_STEPS = 255
_JUDGED_SAMPLES = 64
# A feature that spans fewer steps than this has five bits or less. Rounding alone then leaves it
# about 30 dB above its own noise (6.02 dB a bit), no better than a whole int8 network usually is.
_FEW_STEPS = 32
_HARMLESS_DB = 30.0
_MOST_ELEMENTS = 1024  # that have a mean and a deviation each: 8 KiB of the device's flash
_WORTHWHILE_DB = 6.02  # a bit: rounding errors are halved


@dataclass(frozen=True)
class NormalizedInputs:
    """A float model that takes its inputs as `normalizations` make them; None: as they are."""

    model: Any  # keras.Model
    normalizations: tuple[Normalization | None, ...]

    def applied(self, arrays: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        """Return inputs of the original model, [n, ...] each, as this model takes them."""
        pairs = zip(arrays, self.normalizations, strict=True)
        return tuple(normalize(x, by) if by else x for x, by in pairs)


def as_they_are(model: Any) -> NormalizedInputs:
    """Return a model whose inputs nothing is done to."""
    return NormalizedInputs(model, (None,) * len(model.inputs))


def normalized_inputs(
    model: Any, samples: Sequence[NDArray[Any]], *, wanted: bool = True
) -> NormalizedInputs:
    """Return an equal model whose inputs one int8 scale each can hold.

    Args:
        model: any keras.Model; one that is not functional is returned as it is.
        samples: calibration samples, [n, ...] for each input.
        wanted: if not, nothing is done to the inputs.
    """
    current = as_they_are(model)
    found = list(current.normalizations)
    if graph_of(model) is None or not wanted:
        return current
    for position, tensor in enumerate(model.inputs):
        if "float" not in str(tensor.dtype):
            continue
        try:
            inner, found[position] = _normalized(current.model, position, current.applied(samples))
        except ModelError as error:
            _log.info("input %d is not normalized: %s", position, error)
            continue
        current = NormalizedInputs(inner, tuple(found))
    return current


def _normalized(
    model: Any, position: int, samples: Sequence[NDArray[Any]]
) -> tuple[Any, Normalization | None]:
    """Return the model and the normalization of one input that rounding harms least."""
    x = samples[position]
    source = flat_graph(model)[0][position]
    leads = [lead_of(source, x.shape[1:], by_element=whole) for whole in (False, True)]
    candidates = _candidates(model, position, x, *leads)
    chosen = next(candidates)
    if leads[0].calls == leads[1].calls and not _is_mixed(x, chosen[1]):
        return chosen
    judged = [values[:_JUDGED_SAMPLES] for values in samples]
    reached = _rounded_snr_db(model, position, judged, chosen[1])
    for candidate in candidates:
        if isnan(reached) or reached >= _HARMLESS_DB:
            break
        snr = _rounded_snr_db(model, position, judged, candidate[1])
        _log.info(
            "rounding input %d to int8 leaves the outputs at %.1f dB, at %.1f dB if it is "
            "normalized before",
            position, reached, snr,
        )  # fmt: skip
        if snr > reached + _WORTHWHILE_DB:
            chosen, reached = candidate, snr
    return chosen


def _candidates(
    model: Any, position: int, x: NDArray[Any], lead: Lead, longest: Lead
) -> Iterator[tuple[Any, Normalization | None]]:
    """Yield (model, normalization) of an input: the first is what is taken if rounding allows."""
    shape = x.shape[1:]
    by_layers = _of_layers(lead)
    outside = _without(model, position, shape, lead)
    if outside is not None and len(lead.scale) > 1:
        yield outside, by_layers
    else:
        # One affine for all of an input needs no metadata: the next kernel can take it over.
        inside = relieved(model, position, shape, lead.scale, lead.offset) if lead.calls else None
        yield model if inside is None else inside, None
        if outside is not None:
            yield outside, by_layers
    if longest.calls != lead.calls and len(longest.scale) <= _MOST_ELEMENTS:
        whole = _without(model, position, shape, longest, by_element=True)
        if whole is not None:
            yield whole, _of_layers(longest)
    for mean, std in _statistics(x):
        gain, shift = lead.scale * std, lead.scale * mean + lead.offset
        taken = relieved(model, position, shape, gain, shift)
        if taken is not None:
            yield taken, _as_floats(mean, std)
            return


def _without(
    model: Any, position: int, shape: Sequence[int], lead: Lead, *, by_element: bool = False
) -> Any | None:
    """Return a model whose input comes as `_of_layers` makes it; None if there is no such model."""
    if not lead.calls:
        return None
    gain = np.where(lead.scale == 0, 0.0, np.sign(lead.scale))
    shift = lead.offset * (lead.scale == 0)
    return relieved(model, position, shape, gain, shift, by_element=by_element)


def _of_layers(lead: Lead) -> Normalization | None:
    """Return the normalization that a model's own first layers are, None if it has none.

    They are scale * x + offset = sign(scale) * (x - mean) / std; a feature that they multiply by
    zero is left alone.
    """
    if not lead.calls:
        return None
    scale, offset = np.broadcast_arrays(lead.scale, lead.offset)
    dead = scale == 0
    std = 1 / np.where(dead, 1.0, np.abs(scale))
    return _as_floats(-offset * np.where(dead, 0.0, np.sign(scale)) * std, std)


def _statistics(x: NDArray[Any]) -> Iterator[tuple[Values, Values]]:
    """Yield (mean, std) for each feature that make it span all steps: by middle, or by size alone.

    Half of the range is better here than the deviation: all features then span the same steps,
    however rarely they are far from their mean.
    """
    rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
    low, high = rows.min(0), rows.max(0)
    yield (high + low) / 2, np.where(high > low, (high - low) / 2, 1.0)
    largest = np.maximum(np.abs(low), np.abs(high))
    yield np.zeros(len(low)), np.where(largest > 0, largest, 1.0)


def _as_floats(mean: Values, std: Values) -> Normalization:
    """Return them as float32, as the metadata and the device have them."""
    return Normalization(*(tuple(v.astype(np.float32).tolist()) for v in (mean, std)))


def _is_mixed(x: NDArray[Any], by: Normalization | None) -> bool:
    """Say whether a feature that is not constant spans few steps of the input's common scale."""
    rows = (normalize(x, by) if by else x).reshape(-1, x.shape[-1])
    low, high = rows.min(0), rows.max(0)
    step = (max(high.max(), 0.0) - min(low.min(), 0.0)) / _STEPS
    spans = (high - low)[high > low]
    return bool((spans < _FEW_STEPS * step).any())


def _rounded_snr_db(
    model: Any, position: int, samples: Sequence[NDArray[Any]], by: Normalization | None
) -> float:
    """Return how near a model's outputs stay if nothing but one input is rounded, to int8."""
    rounded = list(samples)
    rounded[position] = _rounded(samples[position], by)
    return snr_db(_outputs(model, samples), _outputs(model, rounded))


def _rounded(x: NDArray[Any], by: Normalization | None) -> NDArray[np.float32]:
    values = (normalize(x, by) if by else x).astype(np.float64)
    step = (max(values.max(), 0.0) - min(values.min(), 0.0)) / _STEPS or 1.0
    values = np.round(values / step) * step
    if by:
        rows = values.reshape(-1, len(by.mean)) * np.array(by.std) + np.array(by.mean)
        values = rows.reshape(x.shape)
    return values.astype(np.float32)


def _outputs(model: Any, samples: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    given = samples[0] if len(samples) == 1 else list(samples)
    outputs = import_keras().tree.flatten(model(given, training=False))
    return [np.asarray(values) for values in outputs]
