"""Let the first layers with a kernel take over what is done to a model's input, exactly.

A layer that is linear up to its activation computes W x + b. Of x = g u + h, by feature, it makes
the same from u with the kernel W g and the bias b + W h. Where it pads x with zeros, h must be 0.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.graph.flat_copy import flat_copy
from edgecompress.graph.fold import Call, flat_graph
from edgecompress.graph.leading import Elements, Lead, Values, by_feature, lead_of, reordered
from edgecompress.graph.pooled import pooled
from edgecompress.graph.walk import is_keras_own

Weights = list[NDArray[np.float32]]
Absorbed = Sequence[tuple[Any, Weights]]
_PADDED = ("same", "causal")
_RECURRENT = ("GRU", "LSTM", "SimpleRNN")
_SPATIAL = ("Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D",
            "SeparableConv2D")  # fmt: skip


def relieved(
    model: Any,
    position: int,
    shape: Sequence[int],
    gain: Values,
    shift: Values,
    *,
    by_element: bool = False,
) -> Any | None:
    """Return a flat copy of a model without what it does to an input first (`leading.lead_of`).

    In its place the input is multiplied by `gain` and `shift` is added, by the first layers with a
    kernel: not at all where these are 1 and 0.

    Args:
        model: a functional keras.Model; it is left as it is.
        position: of the input among the model's.
        shape: of a sample of it.
        gain: one value, or one for each feature of the input's last axis, or for each element.
        shift: likewise.
        by_element: as of `leading.lead_of`.

    Returns:
        The copy, or None where the layers that read the input cannot take this over.

    Raises:
        ModelError: the model is not functional, or a layer cannot be copied.
    """
    inputs, calls = flat_graph(model)
    lead = lead_of(inputs[position], shape, by_element=by_element)
    absorbed: Absorbed | None = ()
    if (gain != 1).any() or shift.any():
        absorbed = absorbing(lead, gain, shift, calls)
    if absorbed is None:
        return None
    passed = {calls.index(call) for call in lead.calls}
    weights = {id(layer): values for layer, values in absorbed}
    return flat_copy(model, passed=passed, weights=weights)


def absorbing(lead: Lead, gain: Values, shift: Values, calls: Sequence[Call]) -> Absorbed | None:
    """Return the layers that read what a lead gives, with weights that take its place.

    Args:
        lead: as of `leading.lead_of`.
        gain: what its elements are multiplied by in its place, as of `relieved`.
        shift: what is then added to them.
        calls: all of the model.

    Returns:
        Pairs of a layer and its weights, a bias among them; None where one cannot take this over.
    """
    count = len(lead.elements.scale)
    scale, offset = (np.tile(v, count // len(v)) for v in (gain, shift))
    absorbed = _absorbed(lead.last, replace(lead.elements, scale=scale, offset=offset))
    readers = [call.layer for call in calls]
    if absorbed is None or any(sum(r is k for r in readers) > 1 for k, _ in absorbed):
        return None
    return absorbed


def _absorbed(call: Call, elements: Elements) -> list[tuple[Any, Weights]] | None:
    found: list[tuple[Any, Weights]] = []
    for reader in call.consumers:
        moved = None if reader.layer is None else _moved(reader, elements)
        if moved is not None:
            further = _absorbed(reader, moved)
        else:
            values = None if reader.layer is None else _new_weights(reader, elements)
            further = None if values is None else [(reader.layer, values)]
        if further is None:
            return None
        found += further
    return found


def _moved(call: Call, elements: Elements) -> Elements | None:
    """Return the elements behind a call that an affine of theirs can be done after as well."""
    return reordered(call, elements) or pooled(call, elements)


def _new_weights(call: Call, elements: Elements) -> Weights | None:
    """Return the weights of a layer that takes over the elements' scale and offset."""
    layer, places = call.layer, elements.places
    gain, shift = (by_feature(v[places], places.shape) for v in (elements.scale, elements.offset))
    if gain is None or shift is None or len(call.sources) != 1 or not is_keras_own(layer):
        return None
    gain, shift = (np.broadcast_to(v, places.shape[-1:]) for v in (gain, shift))
    kind = type(layer).__name__
    if kind == "Dense":
        return _dense(layer.get_weights(), gain, shift)
    if kind in _RECURRENT:
        return _recurrent(layer.get_weights(), gain, shift)
    if kind in _SPATIAL and layer.data_format == "channels_last":
        plain = getattr(layer, "groups", 1) == 1
        pads = layer.padding in _PADDED and any(size > 1 for size in layer.kernel_size)
        shifts = not pads or not shift.any()
        return _spatial(layer, gain, shift) if plain and shifts else None
    return None


def _dense(weights: Sequence[Any], gain: Values, shift: Values) -> Weights:
    kernel, *bias = weights
    return _typed([kernel * gain[:, None], (bias[0] if bias else 0) + shift @ kernel])


def _recurrent(weights: Sequence[Any], gain: Values, shift: Values) -> Weights | None:
    kernel, recurrent, *bias = weights
    if not bias:
        return None
    moved = np.array(bias[0], np.float64)
    moved.reshape(-1, kernel.shape[1])[0] += shift @ kernel  # a GRU has a second row, of its state
    return _typed([kernel * gain[:, None], recurrent, moved])


def _spatial(layer: Any, gain: Values, shift: Values) -> Weights:
    kernel, *others = layer.get_weights()
    pointwise = others.pop(0) if "Separable" in type(layer).__name__ else None
    bias = others[0] if others else 0
    taps = kernel.sum(tuple(range(kernel.ndim - 2)), dtype=np.float64)  # [in, out or multiplier]
    if pointwise is not None:
        moved = (taps * shift[:, None]).ravel() @ pointwise.reshape(-1, pointwise.shape[-1])
    elif "Depthwise" in type(layer).__name__:
        moved = (taps * shift[:, None]).ravel()
    else:
        moved = shift @ taps
    parts = [kernel * gain[:, None], *([] if pointwise is None else [pointwise]), bias + moved]
    return _typed(parts)


def _typed(parts: Sequence[Any]) -> Weights:
    return [np.asarray(part, np.float32) for part in parts]
