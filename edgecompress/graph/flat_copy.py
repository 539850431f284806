"""A functional model anew, without some of its calls, with other weights, or with more in front."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.graph.fold import Call, build_flat, flat_calls
from edgecompress.graph.rebuild import copy_layer, copy_weights
from edgecompress.keras_files.model import import_keras

Instead = Callable[[Any, str], Any]  # (tensor, name of a layer) -> output


def flat_copy(
    model: Any,
    *,
    passed: Collection[int] = (),
    weights: Mapping[int, Sequence[NDArray[np.float32]]] | None = None,
    instead: Mapping[int, Instead] | None = None,
    inputs: Callable[[Any], Any] = lambda x: x,
) -> Any:
    """Return a flat copy of a functional keras.Model with its weights, nested models dissolved.

    Args:
        model: what to copy; it is left as it is.
        passed: positions among `fold.flat_calls` of calls that hand on what they are given.
        weights: other weights for some layers, by id: a kernel at least, and last a bias, which
            says how many filters a convolution has.
        instead: by position, what makes the output of a call in place of its layer, which is to be
            named as it is told.
        inputs: as of `fold.build_flat`.

    Raises:
        ModelError: the model is not functional, or a layer cannot be copied.
    """
    changed, others = weights or {}, instead or {}
    positions = iter(range(len(flat_calls(model))))
    copies: dict[int, tuple[Any, Any]] = {}
    names: dict[str, int] = {}

    def build(call: Call, args: Any, kwargs: Any) -> Any:
        position, layer = next(positions), call.layer
        if position in passed:
            return _given(args, kwargs)
        if position in others:
            return others[position](_given(args, kwargs), _unused(layer, names))
        if id(layer) not in copies:
            changes = _changes(layer, changed[id(layer)]) if id(layer) in changed else {}
            name = _unused(layer, names)
            if name != layer.name:
                changes["name"] = name
            copies[id(layer)] = layer, copy_layer(layer, changes)
        return copies[id(layer)][1](*args, **kwargs)

    copy = build_flat(model, build, inputs)
    for number, (layer, twin) in copies.items():
        if number in changed:
            twin.set_weights(changed[number])
        elif getattr(layer, "weights", None):
            copy_weights(layer, twin)
    return copy


def _changes(layer: Any, weights: Sequence[NDArray[np.float32]]) -> dict[str, Any]:
    """Return what changes in a layer's configuration for other weights."""
    filters = {"filters": len(weights[-1])} if hasattr(layer, "filters") else {}
    return {"use_bias": True, **filters}


def _given(args: Any, kwargs: Any) -> Any:
    """Return the first tensor that a call is given."""
    keras = import_keras()
    tensors = keras.tree.flatten((args, kwargs))
    return next(value for value in tensors if isinstance(value, keras.KerasTensor))


def _unused(layer: Any, names: dict[str, int]) -> str:
    """Return a name for a layer's copy, counting in `names`: dissolved models share names."""
    names[layer.name] = names.get(layer.name, 0) + 1
    return layer.name if names[layer.name] == 1 else f"{layer.name}_{names[layer.name] - 1}"
