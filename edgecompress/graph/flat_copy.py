"""A functional model anew, without some of its calls, with other weights, or with more in front."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.graph.fold import Call, build_flat, flat_calls
from edgecompress.graph.rebuild import copy_layer, copy_weights
from edgecompress.keras_files.model import import_keras


def flat_copy(
    model: Any,
    *,
    passed: Collection[int] = (),
    weights: Mapping[int, Sequence[NDArray[np.float32]]] | None = None,
    inputs: Callable[[Any], Any] = lambda x: x,
) -> Any:
    """Return a flat copy of a functional keras.Model with its weights, nested models dissolved.

    Args:
        model: what to copy; it is left as it is.
        passed: positions among `fold.flat_calls` of calls that hand on what they are given.
        weights: other weights for some layers, by id: a kernel and a bias at least.
        inputs: as of `fold.build_flat`.

    Raises:
        ModelError: the model is not functional, or a layer cannot be copied.
    """
    changed = weights or {}
    keras = import_keras()
    positions = iter(range(len(flat_calls(model))))
    copies: dict[int, tuple[Any, Any]] = {}
    names: dict[str, int] = {}

    def build(call: Call, args: Any, kwargs: Any) -> Any:
        if next(positions) in passed:
            tensors = keras.tree.flatten((args, kwargs))
            return next(value for value in tensors if isinstance(value, keras.KerasTensor))
        layer = call.layer
        if id(layer) not in copies:
            changes: dict[str, Any] = {"use_bias": True} if id(layer) in changed else {}
            names[layer.name] = names.get(layer.name, 0) + 1  # dissolved models share names
            if names[layer.name] > 1:
                changes["name"] = f"{layer.name}_{names[layer.name] - 1}"
            copies[id(layer)] = layer, copy_layer(layer, changes)
        return copies[id(layer)][1](*args, **kwargs)

    copy = build_flat(model, build, inputs)
    for number, (layer, twin) in copies.items():
        if number in changed:
            twin.set_weights(changed[number])
        elif getattr(layer, "weights", None):
            copy_weights(layer, twin)
    return copy
