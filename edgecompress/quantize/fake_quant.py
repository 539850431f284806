"""Quantized activations in float arithmetic, so that a model can be trained for them.

They pass through layers that round them to 256 steps of a range that follows the data. Kernels are
rounded while gradients are taken, and trained in full precision (straight-through); see
kernel_rounding.py.
"""

from collections.abc import Mapping
from typing import Any

from edgecompress.graph.fold import Call, build_flat, flat_calls
from edgecompress.graph.rebuild import copy_layer, copy_weights
from edgecompress.keras_files.model import import_keras
from edgecompress.quantize.scales import Range

_RANGE_MOMENTUM = 0.99
_INPUT = "input"

# Layers whose int8 kernels copy integers (or that do nothing when a model runs): their output has
# the range of their input.
_COPYING = (
    "Cropping1D", "Cropping2D", "Dropout", "Flatten", "GaussianNoise", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "MaxPooling1D", "MaxPooling2D", "Permute", "RepeatVector", "Reshape",
    "SpatialDropout1D", "SpatialDropout2D", "ZeroPadding1D", "ZeroPadding2D",
)  # fmt: skip
# Layers whose int8 kernels round, but to the range of their input.
_AVERAGING = ("AveragePooling1D", "AveragePooling2D")
# Activations whose int8 output scale TFLite fixes.
_FIXED = ("sigmoid", "softmax", "tanh")


def quantization_points(folded: Any) -> tuple[str, ...]:
    """Return the layers of a folded model after which TFLite has integers of a range of their own.

    A layer whose only consumer is a ReLU has none: TFLite fuses the two.
    """
    return tuple(dict.fromkeys(c.layer.name for c in flat_calls(folded) if _is_point(c)))


def with_fake_quant(folded: Any, ranges: Mapping[str, Range], before: Any = None) -> Any:
    """Return a copy of a folded model that rounds its input and its activations.

    Args:
        folded: what `fold_batch_norm` returns.
        ranges: where each point of `quantization_points`, and "input", starts.
        before: what is done to the input before it is rounded: a layer of Keras, or None.
    """
    copies: dict[str, Any] = {}
    fake = _fake_quant_layer()

    def build(call: Call, args: Any, kwargs: Any) -> Any:
        name = call.layer.name
        if name not in copies:
            copies[name] = copy_layer(call.layer, {})
        outputs = copies[name](*args, **kwargs)
        if type(call.layer).__name__ in _AVERAGING:
            rounding = _last_rounding(outputs)
            return outputs if rounding is None else rounding(outputs, training=False)
        return fake(ranges[name], name=f"{name}_range")(outputs) if _is_point(call) else outputs

    rounding = fake(ranges[_INPUT], name="input_range")
    copy = build_flat(folded, build, lambda x: rounding(x if before is None else before(x)))
    for name, layer in copies.items():
        if getattr(layer, "weights", None):
            copy_weights(folded.get_layer(name), layer)
    return copy


def trained_ranges(model: Any) -> dict[str, Range]:
    """Return the ranges that the layers of `with_fake_quant` have come to, by point."""
    return {
        layer.name.removesuffix("_range"): (float(layer.low.numpy()), float(layer.high.numpy()))
        for layer in model.layers
        if type(layer).__name__ == "FakeQuant"
    }


def _last_rounding(tensor: Any) -> Any:
    """Return the layer that gave the input of a tensor's layer its range, None if there is none."""
    source = _source(tensor)
    while type(source._keras_history.operation).__name__ in _COPYING:  # noqa: SLF001 - no public name
        source = _source(source)
    layer = source._keras_history.operation  # noqa: SLF001
    return layer if type(layer).__name__ == "FakeQuant" else None


def _source(tensor: Any) -> Any:
    """Return the keras.KerasTensor that a layer, which may have other calls, made this one of."""
    history = tensor._keras_history  # noqa: SLF001
    return history.operation._inbound_nodes[history.node_index].input_tensors[0]  # noqa: SLF001


def _is_point(call: Call) -> bool:
    kind = type(call.layer).__name__
    if kind in (*_COPYING, *_AVERAGING) or _activation(call.layer) in _FIXED:
        return False
    fused = [c for c in call.consumers if c.layer is not None and _is_relu(c.layer)]
    return len(call.consumers) != 1 or not fused


def _activation(layer: Any) -> str:
    known = {"Softmax": "softmax"}
    function = getattr(layer, "activation", None)
    return known.get(type(layer).__name__, getattr(function, "__name__", ""))


def _is_relu(layer: Any) -> bool:
    if type(layer).__name__ == "ReLU":
        return not layer.negative_slope and layer.max_value in (None, 6)
    return type(layer).__name__ == "Activation" and _activation(layer) in ("relu", "relu6")


def _fake_quant_layer() -> Any:
    """Return the layer class; Keras is imported only now."""
    keras = import_keras()
    import tensorflow as tf

    class FakeQuant(keras.layers.Layer):  # type: ignore[misc, name-defined] # untyped
        """Rounds to 256 steps of a range that follows the batches' smallest and largest values."""

        def __init__(self, start: Range, **options: Any) -> None:
            super().__init__(**options)
            self.start = start

        def build(self, shape: Any) -> None:
            del shape
            for name, value in zip(("low", "high"), self.start, strict=True):
                constant = keras.initializers.Constant(value)
                weight = self.add_weight(shape=(), initializer=constant, trainable=False, name=name)
                setattr(self, name, weight)

        def call(self, x: Any, training: bool = False) -> Any:
            if training:
                for weight, seen in (
                    (self.low, tf.minimum(tf.reduce_min(x), 0.0)),
                    (self.high, tf.maximum(tf.reduce_max(x), 0.0)),
                ):
                    weight.assign(_RANGE_MOMENTUM * weight + (1 - _RANGE_MOMENTUM) * seen)
            return tf.quantization.fake_quant_with_min_max_vars(x, self.low, self.high)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "start": list(self.start)}

    return FakeQuant
