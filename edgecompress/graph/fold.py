"""A model's graph as a quantizer sees it: flat, batch normalization folded into the kernels.

What TFLite fuses (a ReLU into the layer before it) stays in one piece, what it does not (softmax)
becomes a layer of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.graph.rebuild import copy_layer, copy_weights
from edgecompress.graph.walk import graph_of, require_graph, walk
from edgecompress.keras_files.model import import_keras


@dataclass(eq=False)
class Call:
    """One call of a layer in a flat graph; `layer` is None for an input of the model."""

    layer: Any
    sources: tuple["Call", ...] = ()
    consumers: list["Call"] = field(default_factory=list)
    arguments: tuple[Any, ...] = ()  # of the call, by position, with calls in place of tensors
    shape: tuple[int | None, ...] = (None,)  # of a sample of its output, if it has one output


# (call, its arguments as tensors of the copy, its keyword arguments) -> outputs of the copy
Build = Callable[[Call, Any, Any], Any]


def fold_batch_norm(model: Any) -> Any:
    """Return an equal, flat copy of a functional keras.Model for inference.

    Batch normalization is folded into the convolution or dense layer whose only consumer it is:
    w' = w * gamma / sqrt(variance + epsilon), b' = (b - mean) * gamma / sqrt(variance + epsilon)
    + beta (Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference", 2018, section 3.2). Nested models are dissolved.

    Raises:
        ModelError: the model is not functional, or a layer cannot be copied.
    """
    keras = import_keras()
    calls = flat_calls(model)
    names: set[str] = set()
    copies: dict[int, Any] = {}
    folds = {id(call.layer): norm.layer for call in calls if (norm := _foldable(call, calls))}
    folded = {id(norm) for norm in folds.values()}

    def build(call: Call, args: Any, kwargs: Any) -> Any:
        layer = call.layer
        if id(layer) in folded:
            return args[0]
        if id(layer) not in copies:
            copies[id(layer)] = _copy(layer, names, has_bias=id(layer) in folds)
        outputs = copies[id(layer)](*args, **kwargs)
        if _has_own_activation(layer):
            name = _unused(f"{layer.name}_activation", names)
            outputs = keras.layers.Activation(layer.activation, name=name)(outputs)
        return outputs

    copy = build_flat(model, build)
    for call in calls:
        if id(call.layer) in copies and getattr(call.layer, "weights", None):
            target = copies[id(call.layer)]
            if id(call.layer) in folds:
                target.set_weights(_folded_weights(call.layer, folds[id(call.layer)]))
            else:
                copy_weights(call.layer, target)
    return copy


def flat_calls(model: Any) -> list[Call]:
    """Return the calls of a model's layers in the order of data flow, nested models dissolved."""
    return flat_graph(model)[1]


def flat_graph(model: Any) -> tuple[list[Call], list[Call]]:
    """Return the inputs of a functional model, and its calls as of `flat_calls`."""
    keras = import_keras()
    calls: list[Call] = []

    def visit(node: Any, args: Any, kwargs: Any) -> Any:
        sources = [v for v in keras.tree.flatten((args, kwargs)) if isinstance(v, Call)]
        inner = graph_of(node.operation)
        if inner is not None:
            return walk(inner, sources, visit)
        shape = tuple(node.outputs[0].shape[1:]) if len(node.outputs) == 1 else (None,)
        call = Call(node.operation, tuple(sources), arguments=tuple(args), shape=shape)
        for source in sources:
            source.consumers.append(call)
        calls.append(call)
        return [call] * len(node.outputs)

    graph = require_graph(model)
    inputs = [Call(None) for _ in graph.inputs]
    outputs = walk(graph, inputs, visit)
    answer = Call(None, tuple(outputs))
    for output in outputs:  # being an output of the model is a use as well
        output.consumers.append(answer)
    return inputs, calls


def build_flat(model: Any, build: Build, inputs: Callable[[Any], Any] = lambda x: x) -> Any:
    """Return a flat functional model made by calling `build` for each call of a model's layers.

    Args:
        model: a functional keras.Model.
        build: makes the outputs of a call.
        inputs: makes what the graph reads from the new model's input tensors.
    """
    keras = import_keras()
    graph, calls = require_graph(model), iter(flat_calls(model))

    def visit(node: Any, args: Any, kwargs: Any) -> Any:
        inner = graph_of(node.operation)
        if inner is not None:
            tensors = [
                v for v in keras.tree.flatten((args, kwargs)) if isinstance(v, keras.KerasTensor)
            ]
            return walk(inner, tensors, visit)
        return keras.tree.flatten(build(next(calls), args, kwargs))

    sources = [keras.Input(batch_shape=t.shape, dtype=t.dtype) for t in graph.inputs]
    outputs = walk(graph, [inputs(source) for source in sources], visit)
    return keras.Model(
        keras.tree.pack_sequence_as(graph.input, sources),
        keras.tree.pack_sequence_as(graph.output, outputs),
        name=model.name,
    )


def channel_shape(layer: Any, kernel: Sequence[int]) -> tuple[int, ...]:
    """Return the shape in which one value per output channel broadcasts with a layer's kernel."""
    layers = import_keras().layers
    if isinstance(layer, layers.DepthwiseConv1D | layers.DepthwiseConv2D):
        return (*[1] * (len(kernel) - 2), *kernel[-2:])
    if isinstance(layer, layers.Conv1DTranspose | layers.Conv2DTranspose):
        return (*[1] * (len(kernel) - 2), kernel[-2], 1)
    return (*[1] * (len(kernel) - 1), kernel[-1])


def _foldable(call: Call, calls: Sequence[Call]) -> Call | None:
    """Return the batch normalization that can be folded into a layer, if there is one."""
    keras = import_keras()
    if not has_kernel(call.layer) or call.layer.activation is not keras.activations.linear:
        return None
    if len(call.consumers) != 1:
        return None
    (norm,) = call.consumers
    if not isinstance(norm.layer, keras.layers.BatchNormalization):
        return None
    shared = sum(other.layer in (call.layer, norm.layer) for other in calls) > 2  # noqa: PLR2004
    last = norm.layer.axis in (-1, len(norm.layer.input.shape) - 1)
    return norm if last and not shared else None


def has_kernel(layer: Any) -> bool:
    """Say whether a layer is a convolution or a dense layer, whose kernel is quantized."""
    layers = import_keras().layers
    kinds = (
        layers.Dense, layers.Conv1D, layers.Conv2D, layers.DepthwiseConv1D, layers.DepthwiseConv2D,
        layers.Conv1DTranspose, layers.Conv2DTranspose,
    )  # fmt: skip
    return type(layer) in kinds


def _has_own_activation(layer: Any) -> bool:
    """Say whether TFLite runs a layer's activation as an operator of its own."""
    known = import_keras().activations
    fused = (known.linear, known.relu, known.relu6)
    return has_kernel(layer) and layer.activation not in fused


def _copy(layer: Any, names: set[str], *, has_bias: bool) -> Any:
    changes: dict[str, Any] = {"use_bias": True} if has_bias else {}
    if _has_own_activation(layer):
        changes["activation"] = "linear"
    name = _unused(layer.name, names)
    if name != layer.name:
        changes["name"] = name
    return copy_layer(layer, changes)


def _unused(name: str, names: set[str]) -> str:
    """Return `name`, with a number if it is taken, and take it: dissolved models share names."""
    candidates = chain([name], (f"{name}_{number}" for number in count(1)))
    unused = next(candidate for candidate in candidates if candidate not in names)
    names.add(unused)
    return unused


def _folded_weights(layer: Any, norm: Any) -> list[NDArray[np.float32]]:
    kernel, *bias = layer.get_weights()
    mean, variance = norm.moving_mean.numpy(), norm.moving_variance.numpy()
    factor = 1 / np.sqrt(variance + norm.epsilon)
    if norm.scale:
        factor *= norm.gamma.numpy()
    shift = ((bias[0] if bias else 0) - mean) * factor
    if norm.center:
        shift += norm.beta.numpy()
    return [kernel * factor.reshape(channel_shape(layer, kernel.shape)), shift]
