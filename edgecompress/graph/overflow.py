"""Activations that are no numbers on real samples, though all weights are finite."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import ModelError
from edgecompress.graph.walk import graph_of, walk
from edgecompress.keras_files.model import import_keras
from edgecompress.progress import doing

_log = logging.getLogger(__name__)

_BATCH = 64


@doing("looking for overflow in the activations")
def refuse_overflow(model: Any, samples: Sequence[NDArray[Any]], name: str) -> None:
    """Raise ModelError if a layer gives NaN or infinity, which no integer stands for.

    Args:
        model: a keras.Model; of one that is not functional only the outputs are looked at.
        samples: [n, ...] for each input, all finite.
        name: of the model in the message, as its path.
    """
    starts = range(0, len(samples[0]), _BATCH)
    batches = ([values[start : start + _BATCH] for values in samples] for start in starts)
    try:
        firsts = [_first_overflow(model, batch) for batch in batches]
    except Exception as error:  # noqa: BLE001 - the step that needs the model to run says why
        _log.info("%s: activations were not looked at: %s", name, error)
        return
    found = [first for first in firsts if first is not None]
    if not found:
        return
    _, layer, largest = min(found)
    raise ModelError(
        f"{name}: {layer} gives NaN or infinity on calibration samples, though all weights are "
        f"finite; what it reads reaches {largest:.3g}. Scale that down (normalize the inputs, or "
        "put a normalization before it) or bound it with a clipping activation, and train the "
        "model so"
    )


def _first_overflow(model: Any, batch: Sequence[NDArray[Any]]) -> tuple[int, str, float] | None:
    """Return position and name of the first layer with such an output, and the most it reads."""
    keras = import_keras()
    inputs = [keras.ops.convert_to_tensor(values) for values in batch]
    graph = graph_of(model)
    if graph is None:
        outputs = keras.tree.flatten(model(inputs[0] if len(inputs) == 1 else inputs))
        return None if _all_finite(outputs) else (0, "its output", _largest(inputs))
    found: list[tuple[int, str, float]] = []
    calls = 0

    def visit(prefix: str, node: Any, args: Any, kwargs: Mapping[str, Any]) -> list[Any]:
        nonlocal calls
        layer = node.operation
        inner = graph_of(layer)
        if inner is not None:
            read = keras.tree.flatten(args[0])
            return walk(inner, read, lambda *call: visit(f"{prefix}{layer.name}/", *call))
        outputs = list(keras.tree.flatten(layer(*args, **kwargs)))
        if not found and not _all_finite(outputs):
            found.append((calls, f"layer {prefix}{layer.name}", _largest((args, kwargs))))
        calls += 1
        return outputs

    typed = [
        keras.ops.cast(values, tensor.dtype)
        for values, tensor in zip(inputs, graph.inputs, strict=True)
    ]
    walk(graph, typed, lambda *call: visit("", *call))
    return found[0] if found else None


def _floats(values: Any) -> list[NDArray[Any]]:
    tree = import_keras().tree
    arrays = [np.asarray(value) for value in tree.flatten(values) if hasattr(value, "dtype")]
    return [array for array in arrays if np.issubdtype(array.dtype, np.floating)]


def _all_finite(values: Any) -> bool:
    return all(np.isfinite(array).all() for array in _floats(values))


def _largest(values: Any) -> float:
    return max((float(np.abs(a).max(initial=0)) for a in _floats(values)), default=0.0)
