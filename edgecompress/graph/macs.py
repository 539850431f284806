"""Multiply-accumulates of a Keras model, from its graph."""

from collections.abc import Mapping
from math import prod
from typing import Any

from edgecompress.graph.walk import graph_of, inner_layers, require_graph, walk

Shape = tuple[int | None, ...]


def count_macs(model: Any) -> int:
    """Return the multiply-accumulates of one inference (a batch of one).

    Counted are convolutions of every kind, dense and recurrent layers, also inside models and
    TimeDistributed; layers of other kinds count nothing. Axes of unknown size count as 1.

    Raises:
        ModelError: the model is not functional.
    """
    return _of_graph(require_graph(model))


def _of_graph(graph: Any) -> int:
    total = 0

    def visit(node: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Any]:
        nonlocal total
        del args, kwargs
        if node.input_tensors:
            total += _of_layer(node.operation, node.input_tensors[0].shape, node.outputs[0].shape)
        return list(node.outputs)

    walk(graph, graph.inputs, visit)
    return total


def _of_layer(layer: Any, before: Shape, after: Shape) -> int:
    graph, kind = graph_of(layer), type(layer).__name__
    if graph is not None:
        return _of_graph(graph)
    if kind == "TimeDistributed":
        (inner,) = inner_layers(layer)
        return (before[1] or 1) * _of_layer(inner, _drop(before), _drop(after))
    if kind == "Bidirectional":
        return sum(_of_layer(part, before, after) for part in inner_layers(layer))
    places = _places(layer, kind, before, after)
    return places and places * _kernel_elements(layer)


def _places(layer: Any, kind: str, before: Shape, after: Shape) -> int:
    """Return how often the layer's kernels are applied as a whole: pixels or time steps."""
    if kind in ("SimpleRNN", "GRU", "LSTM", "Dense"):
        return _product(before[1:-1])
    if not kind.startswith(("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv", "SeparableConv")):
        return 0
    shape = before if kind.endswith("Transpose") else after
    first = layer.data_format == "channels_first"
    return _product(shape[2:] if first else shape[1:-1])


def _kernel_elements(layer: Any) -> int:
    return sum(prod(weight.shape) for weight in layer.weights if weight.name.endswith("kernel"))


def _product(shape: Shape) -> int:
    return prod(size or 1 for size in shape)


def _drop(shape: Shape) -> Shape:
    """Return a shape without its second, the time axis."""
    return shape[:1] + shape[2:]
