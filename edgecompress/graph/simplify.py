"""Rewrites of a model that compute the same with fewer kinds of operators.

An affine of each channel that the kernel before it cannot take (BatchNormalization after a ReLU,
Normalization of what was computed) costs the MUL and ADD or SUB kernels of TFLM, 8 KB and more
each. The kernel after it mostly can take it. Where none can, a chain of several becomes one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from edgecompress.graph.absorb import Weights, absorbing
from edgecompress.graph.constant_channel import Edit, with_bias, with_constant
from edgecompress.graph.flat_copy import Instead, flat_copy
from edgecompress.graph.fold import Call, flat_calls, has_kernel
from edgecompress.graph.leading import Lead, is_affine, is_idle, lead_of
from edgecompress.keras_files.model import import_keras

_ORDERING = ("Flatten", "Permute", "Reshape")
_SEPARABLE = ("SeparableConv1D", "SeparableConv2D")


@dataclass(frozen=True)
class Rewrite:
    """A change of a model: arguments of `flat_copy`, and a line that says what was done."""

    line: str
    passed: frozenset[int] = frozenset()
    weights: Mapping[int, Weights] = field(default_factory=dict)
    instead: Mapping[int, Instead] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()  # of weights, which several rewrites may change


def rewritten(model: Any, rewrites: Sequence[Rewrite]) -> Any:
    """Return a flat copy of a functional keras.Model with rewrites.

    Raises:
        ModelError: the model is not functional, or a layer cannot be copied.
    """
    weights = {number: values for each in rewrites for number, values in each.weights.items()}
    for layer, edit in (pair for each in rewrites for pair in each.edits):
        weights[id(layer)] = edit(weights.get(id(layer)) or with_bias(layer))
    return flat_copy(
        model,
        passed={position for each in rewrites for position in each.passed},
        weights=weights,
        instead={position: make for each in rewrites for position, make in each.instead.items()},
    )


def affine_rewrites(model: Any) -> tuple[Rewrite, ...]:
    """Return how affines between a model's layers go into those that read them, each by itself.

    What is done to an input before anything else is left: see `quantize.input_normalization`.

    Raises:
        ModelError: the model is not functional.
    """
    return _rewrites(model, _forward)


def constant_rewrites(model: Any) -> tuple[Rewrite, ...]:
    """Return how affines before a padding convolution go; as `affine_rewrites`."""
    return _rewrites(model, _around)


def merging_rewrites(model: Any) -> tuple[Rewrite, ...]:
    """Return how chains of affines become one each; as `affine_rewrites`."""
    return _rewrites(model, _merged)


def _rewrites(
    model: Any, way: Callable[[Call, Sequence[Call]], Rewrite | None]
) -> tuple[Rewrite, ...]:
    calls = flat_calls(model)
    found = (way(first, calls) for first in _firsts(calls))
    return tuple(rewrite for rewrite in found if rewrite is not None)


def _firsts(calls: Sequence[Call]) -> Iterator[Call]:
    """Yield the first call of each chain of affines that no kernel before it takes."""
    done: set[int] = set()
    for call in calls:
        if id(call) in done or not is_affine(call) or None in call.shape:
            continue
        if call.sources[0].shape != call.shape or _is_leading(call) or _folds_back(call):
            continue
        yield call
        done |= {id(other) for other in _lead(call, by_element=True).calls}


def _lead(first: Call, *, by_element: bool) -> Lead:
    shape = tuple(size or 1 for size in first.shape)
    return lead_of(Call(None, consumers=[first]), shape, by_element=by_element)


def _is_leading(call: Call) -> bool:
    """Say whether nothing but affines and other orders lie between an input and a call."""
    while len(call.sources) == 1 and (
        is_affine(call) or is_idle(call.layer) or type(call.layer).__name__ in _ORDERING
    ):
        call = call.sources[0]
    return call.layer is None


def _folds_back(call: Call) -> bool:
    """Say whether the converter folds an affine into the kernel before it, as it does itself."""
    before = call.sources[0]
    while len(before.consumers) == 1 and (is_affine(before) or is_idle(before.layer)):
        before = before.sources[0]
    layer = before.layer
    kernel = has_kernel(layer) or type(layer).__name__ in _SEPARABLE
    linear = getattr(layer, "activation", None) is import_keras().activations.linear
    return kernel and linear and len(before.consumers) == 1


def _forward(first: Call, calls: Sequence[Call]) -> Rewrite | None:
    """Return how the next layers with a kernel take over a chain of affines, if they can."""
    lead = _lead(first, by_element=True)
    absorbed = absorbing(lead, lead.scale, lead.offset, calls) if lead.calls else None
    if absorbed is None:
        return None
    readers = ", ".join(layer.name for layer, _ in absorbed)
    return Rewrite(
        f"folded {_names(lead)} into {readers}: no {_operators(lead)} of its own",
        passed=frozenset(calls.index(call) for call in lead.calls),
        weights={id(layer): values for layer, values in absorbed},
    )


def _around(first: Call, calls: Sequence[Call]) -> Rewrite | None:
    """Return how convolutions before and after a chain of affines do it by one more channel."""
    lead = _lead(first, by_element=False)
    edits = with_constant(lead, calls) if lead.calls else ()
    if not edits:
        return None
    how = f"into {edits[-1][0].name} by a constant channel"
    return Rewrite(
        f"folded {_names(lead)} {how}: no {_operators(lead)} of its own",
        passed=frozenset(calls.index(call) for call in lead.calls),
        edits=edits,
    )


def _merged(first: Call, calls: Sequence[Call]) -> Rewrite | None:
    """Return how one affine takes the place of a chain of several."""
    lead = _lead(first, by_element=False)
    if len(lead.calls) < 2:  # noqa: PLR2004 - a chain
        return None
    position, *others = (calls.index(call) for call in lead.calls)
    return Rewrite(
        f"merged {_names(lead)}: one MUL and one ADD at most",
        passed=frozenset(others),
        instead={position: partial(_scaled, lead.scale.tolist(), lead.offset.tolist())},
    )


def _scaled(scale: Sequence[float], offset: Sequence[float], tensor: Any, name: str) -> Any:
    return import_keras().layers.Rescaling(scale, offset, name=name)(tensor)


def _names(lead: Lead) -> str:
    return ", ".join(call.layer.name for call in lead.calls)


def _operators(lead: Lead) -> str:
    kinds = {type(call.layer).__name__ for call in lead.calls}
    return "SUB and MUL" if kinds == {"Normalization"} else "MUL or ADD"
