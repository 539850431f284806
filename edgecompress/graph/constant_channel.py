"""An offset before a convolution that pads with zeros, by one more channel: 1 inside, 0 in the pad.

conv(g x + h) = conv'(x, k) with the kernel W g for x and, for a channel that is k everywhere, the
kernel sum over channels of W h, divided by k. Around the map the padding is 0 for that channel too,
as it is for g x + h. The convolution before makes the channel: of a kernel of zeros and the bias k.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from edgecompress.graph.absorb import Weights
from edgecompress.graph.fold import Call
from edgecompress.graph.leading import Elements, Lead, Values, by_feature, is_idle, reordered
from edgecompress.graph.pooled import pooled
from edgecompress.graph.walk import is_keras_own

Edit = tuple[Any, Callable[[Weights], Weights]]

_CONVOLUTIONS = ("Conv1D", "Conv2D")
_POOLING = (
    "AveragePooling1D", "AveragePooling2D", "MaxPooling1D", "MaxPooling2D", "UpSampling1D",
    "UpSampling2D",
)  # fmt: skip
_RELU6 = 6.0
_DEVIATIONS = 1.0  # of the widest channel: less than its range, enough for small weights


@dataclass(frozen=True)
class _Span:
    """The convolutions around an affine, and what is done to each channel between them."""

    before: Call
    after: Call
    gain: Values
    shift: Values


def with_constant(lead: Lead, calls: Sequence[Call]) -> tuple[Edit, ...]:
    """Return how the weights of two convolutions change so that an affine may go.

    Args:
        lead: the affine, by channel, as of `leading.lead_of`.
        calls: all of the model.

    Returns:
        Pairs of a layer and what makes its new weights, kernel and bias, of those that it has; none
        if there are no such convolutions around the affine.
    """
    span = _span(lead)
    if span is None:
        return ()
    layers, both = [call.layer for call in calls], (span.before.layer, span.after.layer)
    if any(sum(layer is other for other in layers) > 1 for layer in both):
        return ()
    constant = _constant(span)
    return (
        (span.before.layer, partial(_widened, constant)),
        (span.after.layer, partial(_reading, span, constant)),
    )


def with_bias(layer: Any) -> Weights:
    """Return the kernel of a convolution and its bias, zeros if it has none."""
    kernel, *bias = layer.get_weights()
    return [kernel, bias[0] if bias else np.zeros(kernel.shape[-1], np.float32)]


def _span(lead: Lead) -> _Span | None:
    before, after = _convolution_before(lead.calls[0]), lead.last
    elements: Elements | None = Elements(lead.elements.places, *_by_element(lead))
    while elements is not None and len(after.consumers) == 1:
        after = after.consumers[0]
        if before is not None and _is_plain(after.layer):
            return _between(before, after, elements)
        idle = after.layer is not None and (
            is_idle(after.layer) or type(after.layer).__name__ in _POOLING
        )
        elements = (reordered(after, elements) or pooled(after, elements)) if idle else None
    return None


def _between(before: Call, after: Call, elements: Elements) -> _Span | None:
    places = elements.places
    gain, shift = (by_feature(v[places], places.shape) for v in (elements.scale, elements.offset))
    if gain is None or shift is None:
        return None
    return _Span(before, after, *(np.broadcast_to(v, places.shape[-1:]) for v in (gain, shift)))


def _by_element(lead: Lead) -> Iterator[Values]:
    count = len(lead.elements.scale)
    return (np.tile(v, count // len(v)) for v in (lead.scale, lead.offset))


def _convolution_before(first: Call) -> Call | None:
    """Return the convolution whose ReLU reaches an affine and nothing else."""
    call = first.sources[0]
    while call.layer is not None and len(call.consumers) == 1:
        if _is_plain(call.layer):
            return call if _function(call.layer) in ("linear", "relu", "relu6") else None
        kind = type(call.layer).__name__
        if not (_is_relu(call.layer) or is_idle(call.layer) or kind in _POOLING):
            return None
        call = call.sources[0]
    return None


def _is_plain(layer: Any) -> bool:
    known = type(layer).__name__ in _CONVOLUTIONS and is_keras_own(layer)
    return known and layer.groups == 1 and layer.data_format == "channels_last"


def _is_relu(layer: Any) -> bool:
    if type(layer).__name__ == "ReLU":
        return not layer.threshold and layer.max_value in (None, 6)
    return type(layer).__name__ == "Activation" and _function(layer) in ("relu", "relu6")


def _function(layer: Any) -> str:
    return str(getattr(getattr(layer, "activation", None), "__name__", ""))


def _constant(span: _Span) -> float:
    """Return a value that a ReLU6 lets through, and that does not widen the channels' range."""
    gains = np.abs(span.gain[span.gain != 0])
    return min(_DEVIATIONS / float(gains.min()), _RELU6) if len(gains) else 1.0


def _widened(constant: float, weights: Weights) -> Weights:
    kernel, bias = weights
    zeros = np.zeros((*kernel.shape[:-1], 1), np.float32)
    return [np.concatenate([kernel, zeros], -1), np.append(bias, np.float32(constant))]


def _reading(span: _Span, constant: float, weights: Weights) -> Weights:
    kernel, bias = weights
    offset = np.tensordot(kernel, span.shift, ([-2], [0]))[..., None, :] / constant
    wider = np.concatenate([kernel * span.gain[:, None], offset], -2)
    return [wider.astype(np.float32), bias]
