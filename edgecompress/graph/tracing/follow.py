"""Follow channels through every call of a model: which rule applies to which layer."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Number
from typing import Any

from edgecompress.graph.tracing import recurrent_rules as rnn
from edgecompress.graph.tracing import shape_rules as shapes
from edgecompress.graph.tracing import weight_rules as weights
from edgecompress.graph.tracing.calls import Call, Rule
from edgecompress.graph.tracing.channels import Axes, Trace, Traced
from edgecompress.graph.walk import graph_of, require_graph, walk
from edgecompress.keras_files.model import import_keras

# Layers of keras.layers by what they do to channels. Any other layer freezes what reaches it.
_FAMILIES: Mapping[Rule, str] = {
    weights.convolution: "Conv1D Conv2D Conv3D",
    weights.transposed_convolution: "Conv1DTranspose Conv2DTranspose Conv3DTranspose",
    weights.depthwise: "DepthwiseConv1D DepthwiseConv2D",
    weights.separable: "SeparableConv1D SeparableConv2D",
    weights.dense: "Dense",
    weights.embedding: "Embedding",
    weights.batch_normalization: "BatchNormalization",
    weights.group_normalization: "GroupNormalization",
    weights.prelu: "PReLU",
    rnn.recurrent: "SimpleRNN GRU LSTM",
    rnn.bidirectional: "Bidirectional",
    shapes.every_axis: (
        "ReLU LeakyReLU ELU Identity Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D "
        "AlphaDropout GaussianDropout GaussianNoise ActivityRegularization"
    ),
    shapes.activation: "Activation",
    shapes.normalized_axes: "Softmax LayerNormalization RMSNormalization Normalization",
    shapes.last_axis_read: "Masking",
    shapes.rescaling: "Rescaling",
    shapes.spatial: (
        "MaxPooling1D MaxPooling2D MaxPooling3D "
        "AveragePooling1D AveragePooling2D AveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D "
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D "
        "UpSampling1D UpSampling2D UpSampling3D Resizing"
    ),
    shapes.global_pooling: (
        "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D "
        "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D"
    ),
    shapes.merge: "Add Subtract Multiply Maximum Minimum Average",
    shapes.concatenate: "Concatenate",
    shapes.flatten: "Flatten",
    shapes.reshape: "Reshape",
    shapes.permute: "Permute",
    shapes.repeat_vector: "RepeatVector",
}
_RULES: Mapping[str, Rule] = {
    name: rule for rule, names in _FAMILIES.items() for name in names.split()
}
# Operations that functional code records without a layer, as in `x + y` and `keras.ops.relu(x)`.
_BINARY_OPERATIONS = ("Add", "Subtract", "Multiply", "Maximum", "Minimum")
_UNARY_OPERATIONS = (
    "Relu", "Relu6", "Sigmoid", "Tanh", "Silu", "HardSigmoid", "HardSilu", "Gelu", "Elu",
    "LeakyRelu", "Softplus", "Softsign", "Negative", "Absolute", "Square",
)  # fmt: skip


def trace_model(model: Any) -> Trace:
    """Follow the channels of every layer from a model's inputs to its outputs.

    Raises:
        ModelError: `model` is not functional.
    """
    graph, trace = require_graph(model), Trace()
    inputs = [
        Traced(tensor.shape, (None,) * len(tensor.shape), f"model input {tensor.name}")
        for tensor in graph.inputs
    ]
    outputs = _follow(trace, graph, "", inputs)
    for tensor, output in zip(graph.outputs, outputs, strict=True):
        name = trace.path(tensor._keras_history.operation)  # noqa: SLF001 - no public accessor
        for channels in output.axes:
            trace.freeze(channels, f"model output {name}", first=True)
    return trace


def _follow(trace: Trace, graph: Any, prefix: str, inputs: Sequence[Traced]) -> list[Traced]:
    """Follow channels through one graph, from its inputs to its outputs."""
    for position, tensor in enumerate(inputs):
        for axis in range(1, len(tensor.shape)):
            trace.size(graph, f"input {position}", tensor.axes[axis], axis)

    def visit(node: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Traced]:
        trace.paths.setdefault(id(node.operation), prefix + node.operation.name)
        trace.read[id(node)] = _tensors((args, kwargs))
        shapes_out = tuple(tensor.shape for tensor in node.outputs)
        return _called(trace, node.operation, args, kwargs, shapes_out)

    return walk(graph, inputs, visit)


def _called(
    trace: Trace,
    layer: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    shapes_out: tuple[tuple[int | None, ...], ...],
) -> list[Traced]:
    """Follow channels through one call of a layer, operation or nested model."""
    graph = graph_of(layer)
    first, states, others = _arguments(layer, args, kwargs)
    if graph is not None and not others and _ranks(first) == [len(t.shape) for t in graph.inputs]:
        return _follow(trace, graph, f"{trace.path(layer)}/", first)
    call = Call(layer, (*first, *others), states, shapes_out)
    if others:
        return _traced(trace, call, shapes.not_understood(trace, call))
    if _is_time_distributed(layer):
        return _time_distributed(trace, call)
    rule = _rule(layer, args, kwargs)
    return _traced(trace, call, rule(trace, call))


def _arguments(
    layer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Traced, ...], tuple[Traced, ...], tuple[Traced, ...]]:
    """Split the tensors of a call into its main argument, an RNN's initial states, and others."""
    bound = inspect.signature(layer.call).bind(*args, **kwargs).arguments
    given = {name: _tensors(value) for name, value in bound.items()}
    names = list(given)
    if not _is_layer(layer):
        return tuple(tensor for name in names for tensor in given[name]), (), ()
    states = given.get("initial_state", ())
    apart = {names[0], "initial_state"}
    # Keras adds the mask of a Masking or Embedding layer: one flag per step, none per channel.
    if not any(tensor.held() for tensor in given.get("mask", ())):
        apart.add("mask")
    others = [tensor for name in names if name not in apart for tensor in given[name]]
    return given[names[0]], states, tuple(others)


def _time_distributed(trace: Trace, call: Call) -> list[Traced]:
    """TimeDistributed: what its layer does, at every step of axis 1."""
    layer, tensor = call.layer, call.input
    trace.freeze(tensor.axes[1], f"{trace.describe(layer)} steps along them")
    trace.paths.setdefault(id(layer.layer), f"{trace.path(layer)}/{layer.layer.name}")
    step = Traced(_drop(tensor.shape), _drop(tensor.axes), tensor.origin)
    shapes_out = tuple(_drop(shape) for shape in call.shapes)
    inner = _called(trace, layer.layer, (step,), {}, shapes_out)
    return _traced(trace, call, [(result.axes[0], None, *result.axes[1:]) for result in inner])


def _traced(trace: Trace, call: Call, results: Sequence[Axes]) -> list[Traced]:
    """Put channels and shapes of a call's outputs together."""
    origin = f"{trace.describe(call.layer)}, whose output is not made of channels alone"
    outputs = [
        Traced(shape, axes, origin) for shape, axes in zip(call.shapes, results, strict=True)
    ]
    return [_consistent(trace, call, output) for output in outputs]


def _consistent(trace: Trace, call: Call, output: Traced) -> Traced:
    """Drop and freeze channels that do not match the size of their axis (activation glu)."""
    axes = list(output.axes)
    for axis, channels in output.held():
        if len(channels) != output.shape[axis]:
            trace.freeze(channels, f"{trace.describe(call.layer)} changes how many there are")
            axes[axis] = None
    return replace(output, axes=tuple(axes))


def _rule(layer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Rule:
    """Return the rule of a layer's class, or of the Keras class it inherits `call` from."""
    if not _is_layer(layer):
        return _operation_rule(layer, (*args, *kwargs.values()))
    changed = getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None)
    keras_layers = import_keras().layers
    for kind in type(layer).__mro__:
        if not changed and getattr(keras_layers, kind.__name__, None) is kind:
            inherits = type(layer).call is kind.call and type(layer).build is kind.build
            rule = _RULES.get(kind.__name__) if inherits else None
            return rule or shapes.not_understood
    return shapes.not_understood


def _operation_rule(operation: Any, values: Sequence[Any]) -> Rule:
    """Return the rule of an operation; an array among its arguments is not understood."""
    name = type(operation).__name__
    plain = all(isinstance(value, (Traced, Number, str, type(None))) for value in values)
    if not plain or not type(operation).__module__.startswith("keras."):
        return shapes.not_understood
    if name in _BINARY_OPERATIONS:
        return shapes.operator
    return shapes.every_axis if name in _UNARY_OPERATIONS else shapes.not_understood


def _tensors(value: Any) -> tuple[Traced, ...]:
    leaves = import_keras().tree.flatten(value)
    return tuple(leaf for leaf in leaves if isinstance(leaf, Traced))


def _ranks(tensors: Sequence[Traced]) -> list[int]:
    return [len(tensor.shape) for tensor in tensors]


def _is_layer(operation: Any) -> bool:
    return isinstance(operation, import_keras().layers.Layer)


def _is_time_distributed(layer: Any) -> bool:
    return type(layer) is import_keras().layers.TimeDistributed


def _drop(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return `values` without the second, the time axis."""
    return values[:1] + values[2:]
