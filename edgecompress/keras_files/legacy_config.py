"""Configurations as Keras 2 wrote them, for Keras 3 to read.

Keras 2 wrote constructor arguments that Keras 3 refuses, although they say nothing: inherited ones
that the layer ignores (`groups` of a depthwise convolution), and ones at their defaults. It did
not always say in which module a wrapped layer is. And it counted the calls of a nested model from
1 (0 was its own construction), where Keras 3 counts from 0.
"""

from collections.abc import Mapping
from typing import Any

from edgecompress.errors import ModelError

_CONVOLUTION = {"groups": 1}
_SEPARABLE = {
    "groups": 1,
    "kernel_initializer": ...,
    "kernel_regularizer": ...,
    "kernel_constraint": ...,
}
_RECURRENT = {"time_major": False, "implementation": ...}
_ATTENTION = {
    "query_shape": ...,
    "key_shape": ...,
    "value_shape": ...,
    "softmax_robust_masking": False,
}
_SPATIAL_DROPOUT = {"trainable": ..., "noise_shape": None}
_RANDOM = {"rng_type": ...}

# Layer class -> arguments that Keras 3 no longer takes, and the only value that can be dropped
# without changing the layer (... for any: Keras 2 ignores the argument as well, derives it from
# the input, or it chose between equal implementations).
# Found by giving get_config() of every layer of tf_keras 2.21 to its namesake in Keras 3.15.
_DROPPED: Mapping[str, Mapping[str, Any]] = {
    "Conv1DTranspose": _CONVOLUTION,
    "Conv2DTranspose": _CONVOLUTION,
    "DepthwiseConv1D": _CONVOLUTION,
    "DepthwiseConv2D": _CONVOLUTION,
    "SeparableConv1D": _SEPARABLE,
    "SeparableConv2D": _SEPARABLE,
    "GRU": _RECURRENT,
    "LSTM": _RECURRENT,
    "RNN": _RECURRENT,
    "SimpleRNN": _RECURRENT,
    "MultiHeadAttention": _ATTENTION,
    "SpatialDropout1D": _SPATIAL_DROPOUT,
    "SpatialDropout2D": _SPATIAL_DROPOUT,
    "RandomContrast": _RANDOM,
    "RandomCrop": _RANDOM,
    "RandomFlip": _RANDOM,
    "RandomRotation": _RANDOM,
    "RandomTranslation": _RANDOM,
    "RandomZoom": _RANDOM,
}


_WRAPPERS = ("Bidirectional", "TimeDistributed")


def current_config(config: Any) -> Any:
    """Return a model's configuration (parsed JSON) in terms of Keras 3, nested layers included.

    Raises:
        ModelError: a layer uses an argument that Keras 3 has no equal for.
    """
    if isinstance(config, list):
        return [current_config(item) for item in config]
    if not isinstance(config, dict):
        return config
    inner = {key: current_config(value) for key, value in config.items()}
    if isinstance(inner.get("config"), dict):
        inner["config"] = _current_layer(str(inner.get("class_name")), inner["config"])
    return _with_calls_from_zero(inner) if "output_layers" in inner else inner


def _current_layer(layer: str, config: dict[str, Any]) -> dict[str, Any]:
    if layer in _WRAPPERS:
        wrapped = {"module": "keras.layers", "registered_name": None, **config["layer"]}
        return {**config, "layer": wrapped}
    return _without(layer, config, _DROPPED[layer]) if layer in _DROPPED else config


def _without(layer: str, config: Mapping[str, Any], dropped: Mapping[str, Any]) -> dict[str, Any]:
    for key, harmless in dropped.items():
        if harmless is not ... and config.get(key, harmless) != harmless:
            raise ModelError(
                f"layer {config.get('name')!r}: a {layer} with {key}={config[key]!r} does not "
                "exist in Keras 3; build the layer without it"
            )
    return {key: value for key, value in config.items() if key not in dropped}


def _with_calls_from_zero(graph: dict[str, Any]) -> dict[str, Any]:
    """Renumber the calls of nested models in a functional configuration of Keras 2.

    Keras 3 itself takes one off for a nested functional model among the outputs
    (keras/src/models/functional.py, functional_from_config), but not for a Sequential one, and
    for neither among the inputs of layers.
    """
    models = {layer["name"]: layer["class_name"] for layer in graph["layers"] if _nested(layer)}
    if not models or not any(_legacy_calls(layer) for layer in graph["layers"]):
        return graph
    sequential = {name for name, kind in models.items() if kind == "Sequential"}
    layers = [
        {**layer, "inbound_nodes": _shifted(layer["inbound_nodes"], set(models))}
        for layer in graph["layers"]
    ]
    outputs = _shifted(graph["output_layers"], sequential)
    return {**graph, "layers": layers, "output_layers": outputs}


def _nested(layer: Mapping[str, Any]) -> bool:
    return "layers" in layer["config"]


def _legacy_calls(layer: Mapping[str, Any]) -> bool:
    """Say whether Keras 2 wrote the layer's inputs: as lists, where Keras 3 writes dictionaries."""
    return any(isinstance(call, list) for call in layer["inbound_nodes"])


def _shifted(tensors: Any, models: set[str]) -> Any:
    """Take one off the call number in each reference [layer, call, tensor, ...] to a model."""
    if not isinstance(tensors, list):
        return tensors
    if len(tensors) >= len(("layer", "call", "tensor")) and isinstance(tensors[1], int):
        layer, call, *rest = tensors
        return [layer, call - 1 if layer in models else call, *rest]
    return [_shifted(item, models) for item in tensors]
