"""Which inputs of a Keras model hold ids for an Embedding, whose values cannot be scaled."""

from collections.abc import Iterator
from typing import Any


def id_inputs(model: Any) -> tuple[int, ...]:
    """Return the positions of the inputs of `model` (a keras.Model) that an Embedding looks up.

    Layers between an input and the Embedding, as one that reshapes, do not matter. Nothing is known
    of subclassed models.
    """
    import keras

    found: set[int] = set()
    for layer in getattr(model, "layers", ()):
        if isinstance(layer, keras.layers.Embedding):
            tensors = layer.input if isinstance(layer.input, list) else [layer.input]
            found |= {id(source) for tensor in tensors for source in _sources(tensor)}
    return tuple(place for place, given in enumerate(model.inputs) if id(given) in found)


def _sources(tensor: Any) -> Iterator[Any]:
    """Yield the inputs of the model that a symbolic tensor is computed from."""
    waiting, seen = [tensor], set()
    while waiting:
        current = waiting.pop()
        history = getattr(current, "_keras_history", None)
        if history is None or id(current) in seen:
            continue
        seen.add(id(current))
        node = history.operation._inbound_nodes[history.node_index]  # noqa: SLF001 - no public way
        if node.input_tensors:
            waiting += node.input_tensors
        else:
            yield current
