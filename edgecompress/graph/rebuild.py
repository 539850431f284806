"""Build a model's layers anew with other sizes in their configurations, wired as they were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgecompress.errors import ModelError
from edgecompress.graph.walk import graph_of, require_graph, walk
from edgecompress.keras_files.model import import_keras

# (id of a layer or graph, key of its configuration, position in a tuple) -> its new value.
Sizes = Mapping[tuple[int, str, int], int]

# id of a layer -> new layers that take its place, one after the other.
Instead = Mapping[int, Sequence[Any]]


@dataclass(frozen=True)
class _Copies:
    """Copies made so far, by id of the original, so that shared layers stay shared."""

    sizes: Sizes
    passed: frozenset[int] = frozenset()
    instead: Instead = field(default_factory=dict)
    made: dict[int, Any] = field(default_factory=dict)
    pairs: list[tuple[Any, Any]] = field(default_factory=list)


def rebuild(
    model: Any,
    sizes: Sizes,
    passed: frozenset[int] = frozenset(),
    instead: Instead | None = None,
) -> tuple[Any, list[tuple[Any, Any]]]:
    """Return a copy of a functional or Sequential model, and its (original, copy) layers.

    Weights are those of the layers' initializers. The pairs hold every layer that is not itself a
    model, once, but those that others take the place of.

    Args:
        model: the model to copy.
        sizes: what changes in the layers' configurations.
        passed: ids of calls (nodes of the graph) that are left out: they hand on their first
            argument.
        instead: layers that are replaced, and by what.

    Raises:
        ModelError: the model is not functional, or a layer cannot be made from its configuration.
    """
    copies = _Copies(sizes, passed, instead or {})
    return _model(model, copies), copies.pairs


def _model(model: Any, copies: _Copies) -> Any:
    keras = import_keras()
    graph = require_graph(model)
    inputs = [_input(graph, position, copies).output for position in range(len(graph.inputs))]
    if isinstance(model, keras.Sequential):
        layers = [copy for layer in model.layers for copy in _series(layer, copies)]
        copy = keras.Sequential([inputs[0], *layers], name=model.name)
    else:
        outputs = walk(
            graph, inputs, lambda node, args, kwargs: _called(node, args, kwargs, copies)
        )
        copy = keras.Model(
            keras.tree.pack_sequence_as(model.input, inputs),
            keras.tree.pack_sequence_as(model.output, outputs),
            name=model.name,
        )
    if not model.trainable:
        copy.trainable = False
    return copy


def _called(node: Any, args: Any, kwargs: Any, copies: _Copies) -> list[Any]:
    tree = import_keras().tree
    if id(node) in copies.passed:
        return [tree.flatten((args, kwargs))[0]] * len(node.outputs)
    first, *others = _series(node.operation, copies)
    outputs = first(*args, **kwargs)
    for layer in others:
        outputs = layer(outputs)
    return list(tree.flatten(outputs))


def _series(layer: Any, copies: _Copies) -> Sequence[Any]:
    """Return what takes the place of a layer: its copy, or the layers given instead of it."""
    return copies.instead.get(id(layer)) or [_copy(layer, copies)]


def _input(graph: Any, position: int, copies: _Copies) -> Any:
    """Copy an input layer, with as many channels as now reach it."""
    layer = graph.inputs[position]._keras_history.operation  # noqa: SLF001 - no public accessor
    config = layer.get_config()
    config["batch_shape"] = tuple(
        copies.sizes.get((id(graph), f"input {position}", axis), size)
        for axis, size in enumerate(config["batch_shape"])
    )
    return type(layer).from_config(config)


def _copy(layer: Any, copies: _Copies) -> Any:
    """Return the one copy of a layer, operation or nested model."""
    if id(layer) not in copies.made:
        nested = graph_of(layer) is not None
        copies.made[id(layer)] = _model(layer, copies) if nested else _leaf(layer, copies)
        if not nested and hasattr(layer, "weights"):
            copies.pairs.append((layer, copies.made[id(layer)]))
    return copies.made[id(layer)]


def copy_layer(layer: Any, changes: Mapping[str, Any]) -> Any:
    """Return a copy of a layer, not built yet, with `changes` to its configuration.

    Raises:
        ModelError: the layer cannot be made from its configuration.
    """
    if not changes:
        return _leaf(layer, _Copies({}))
    return _made(layer, {**layer.get_config(), **changes})


def copy_weights(source: Any, target: Any) -> None:
    """Give a copy of a layer the layer's weights."""
    target.set_weights(source.get_weights())
    if hasattr(target, "finalize_state"):  # Normalization computes with what it derives from them
        target.finalize_state()


def _leaf(layer: Any, copies: _Copies) -> Any:
    layers = import_keras().layers
    if type(layer) is layers.Bidirectional:
        return _wrapper(layer, copies, ("layer", "forward_layer"), ("backward_layer",) * 2)
    if type(layer) is layers.TimeDistributed:
        return _wrapper(layer, copies, ("layer", "layer"))
    if type(layer) is layers.Lambda:
        return _lambda(layer)
    return _made(layer, _resized(layer, copies.sizes))


def _made(layer: Any, config: Mapping[str, Any]) -> Any:
    """Return a layer of a configuration; without its initializers, if Keras does not know these.

    Weights are copied, so that it does not matter what they start from.
    """
    plain = {key: "zeros" for key in config if key.endswith("_initializer")}
    try:
        return type(layer).from_config(dict(config))
    except Exception as error:
        if any(config[key] != "zeros" for key in plain):
            return _made(layer, {**config, **plain})
        raise ModelError(
            f"{layer.name}: a {type(layer).__name__} cannot be made from its configuration: "
            f"{error}; give it get_config() and from_config()"
        ) from error


def _resized(layer: Any, sizes: Sizes) -> dict[str, Any]:
    """Return a layer's configuration with the sizes that change."""
    config = dict(layer.get_config())
    for (owner, key, position), value in sizes.items():
        if owner == id(layer):
            config[key] = _with(config[key], position, value)
    return config


def _with(value: Any, position: int, size: int) -> Any:
    if isinstance(value, int):
        return size
    return (*value[:position], size, *value[position + 1 :])


def _wrapper(layer: Any, copies: _Copies, *parts: tuple[str, str]) -> Any:
    """Copy a wrapper around copies of what it wraps: (constructor argument, attribute) each."""
    config = dict(layer.get_config())
    inner = {argument: _inner(getattr(layer, name), copies) for argument, name in parts}
    return type(layer)(**{**config, **inner, "dtype": layer.dtype_policy})


def _inner(layer: Any, copies: _Copies) -> Any:
    return _model(layer, copies) if graph_of(layer) is not None else _leaf(layer, copies)


def _lambda(layer: Any) -> Any:
    """Copy a Lambda by its function: Keras refuses to read one from a configuration."""
    return type(layer)(
        layer.function,
        output_shape=layer._output_shape,  # noqa: SLF001 - no public accessor
        mask=layer.mask,
        arguments=layer.arguments,
        name=layer.name,
        dtype=layer.dtype_policy,
        trainable=layer.trainable,
    )
