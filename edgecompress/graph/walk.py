"""Walk the graph of a functional Keras model.

The only module that reads Keras's graph internals; everything else sees calls of layers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from edgecompress.errors import ModelError
from edgecompress.keras_files.model import import_keras

# What is done with one call of a layer: (node, args, kwargs) -> its outputs, flat. Symbolic tensors
# in args and kwargs are replaced by the values that earlier visits returned for them.
Visit = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Sequence[Any]]


def graph_of(model: Any) -> Any | None:
    """Return the graph of a functional or Sequential model, None if its `call` is Python code."""
    keras = import_keras()
    if not isinstance(model, keras.Model) or not _calls_as_keras_does(type(model)):
        return None
    graph = getattr(model, "_functional", None) if _is_sequential(model) else model
    return graph if hasattr(graph, "_nodes_by_depth") else None


def require_graph(model: Any) -> Any:
    """Return the graph of `model`.

    Raises:
        ModelError: it has none.
    """
    graph = graph_of(model)
    if graph is None:
        raise ModelError(
            f"{model.name}: not a functional Keras model, so its layers cannot be followed; build "
            "it with keras.Model(inputs, outputs) or keras.Sequential with a keras.Input"
        )
    return graph


def walk(graph: Any, inputs: Sequence[Any], visit: Visit) -> list[Any]:
    """Visit every call of a graph in the order of data flow, and return its outputs' values.

    Args:
        graph: what `graph_of` returns.
        inputs: one value per input of the graph, flat.
        visit: computes a call's outputs from its arguments.
    """
    keras = import_keras()
    values = {id(tensor): value for tensor, value in zip(graph.inputs, inputs, strict=True)}
    for node in _nodes(graph):
        args, kwargs = node.arguments.fill_in(values)
        outputs = keras.tree.flatten(visit(node, args, kwargs))
        for tensor, value in zip(node.outputs, outputs, strict=True):
            values[id(tensor)] = value
    return [values[id(tensor)] for tensor in graph.outputs]


def leaf_layers(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield (path, layer) of every layer that holds no other layers, each once.

    A path is the layer's name after the names of the models and wrappers it is nested in:
    "encoder/conv1", "bidirectional/forward_lstm".
    """
    yield from _leaves(model, "", set())


def _leaves(layer: Any, prefix: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    for part in inner_layers(layer):
        if id(part) in seen:
            continue
        seen.add(id(part))
        if inner_layers(part):
            yield from _leaves(part, f"{prefix}{part.name}/", seen)
        else:
            yield prefix + part.name, part


def inner_layers(layer: Any) -> list[Any]:
    """Return the layers inside a model or wrapper."""
    layers = import_keras().layers
    if isinstance(layer, import_keras().Model):
        graph = graph_of(layer)
        return list((layer if graph is None else graph).layers)
    if type(layer) is layers.Bidirectional:
        return [layer.forward_layer, layer.backward_layer]
    return [layer.layer] if type(layer) is layers.TimeDistributed else []


def is_keras_own(layer: Any) -> bool:
    """Say whether a layer is of Keras itself, not a user's that may share its name."""
    return type(layer).__module__.startswith("keras.")


def _nodes(graph: Any) -> Iterator[Any]:
    for depth in sorted(graph._nodes_by_depth, reverse=True):  # noqa: SLF001 - no public accessor
        yield from (node for node in graph._nodes_by_depth[depth] if not node.is_input)  # noqa: SLF001


def _is_sequential(model: Any) -> bool:
    return isinstance(model, import_keras().Sequential)


def _calls_as_keras_does(kind: type) -> bool:
    """Say whether `call` is defined by Keras itself, not by a subclass of a user's."""
    owner = next(base for base in kind.__mro__ if "call" in vars(base))
    return owner.__module__.startswith("keras.")
