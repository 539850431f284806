"""Layers of Keras computed by other operations while a model is traced: equal, but for rounding.

Keras's own ones become operators that the converter's quantizer leaves in floating point (NEG),
that TFLM lacks (TILE, SELECT), or that round away what they should keep: normalization that
subtracts the mean last, after scaling it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from edgecompress.graph.walk import is_keras_own

Call = Callable[..., Any]  # (layer, inputs, ...) -> outputs


@contextmanager
def friendlier_calls(layers: Sequence[Any]) -> Iterator[None]:
    """Let layers compute as this module has it, meanwhile.

    Args:
        layers: of a model, nested ones too.
    """
    changed = [
        (layer, partial(_CALLS[type(layer).__name__], layer))
        for layer in layers
        if type(layer).__name__ in _CALLS and is_keras_own(layer) and not _is_left(layer)
    ]
    for layer, call in changed:
        layer.call = call
    try:
        yield
    finally:
        for layer, _ in changed:
            del layer.call  # the class's own is there again


def _is_left(layer: Any) -> bool:
    """Say whether a layer's own way is as good, or the only one there is."""
    kind = type(layer).__name__
    if kind in ("UpSampling2D", "GroupNormalization"):
        first = getattr(layer, "data_format", "channels_last") == "channels_first"
        return first or getattr(layer, "interpolation", "nearest") != "nearest"
    return False


def _layer_normalization(layer: Any, x: Any, *_: Any, **__: Any) -> Any:
    import tensorflow as tf

    axes = _axes(layer.axis, x)
    shape = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
    centred = x
    if not getattr(layer, "rms_scaling", False):
        centred = x - tf.reduce_mean(x, axes, keepdims=True)
    return _scaled(layer, _over_deviation(centred, axes, layer.epsilon), shape)


def _rms_normalization(layer: Any, x: Any, *_: Any, **__: Any) -> Any:
    import tensorflow as tf

    axes = _axes(layer.axis, x)
    shape = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
    return _over_deviation(x, axes, layer.epsilon) * tf.reshape(layer.scale, shape)


def _group_normalization(layer: Any, x: Any, *_: Any, **__: Any) -> Any:
    import tensorflow as tf

    axis = layer.axis % len(x.shape)
    if axis != len(x.shape) - 1:
        return type(layer).call(layer, x)
    groups, channels = layer.groups if layer.groups != -1 else x.shape[-1], x.shape[-1]
    parts = tf.reshape(x, (x.shape[0], -1, groups, channels // groups))
    centred = parts - tf.reduce_mean(parts, (1, 3), keepdims=True)
    whole = tf.reshape(_over_deviation(centred, (1, 3), layer.epsilon), x.shape)
    return _scaled(layer, whole, [1] * axis + [channels])


def _over_deviation(x: Any, axes: Sequence[int], epsilon: float) -> Any:
    import tensorflow as tf

    return x * tf.math.rsqrt(tf.reduce_mean(x * x, axes, keepdims=True) + epsilon)


def _scaled(layer: Any, x: Any, shape: Sequence[int]) -> Any:
    import tensorflow as tf

    if layer.scale:
        x = x * tf.reshape(layer.gamma, shape)
    return x + tf.reshape(layer.beta, shape) if layer.center else x


def _axes(axis: Any, x: Any) -> tuple[int, ...]:
    axes = axis if isinstance(axis, list | tuple) else (axis,)
    return tuple(each % len(x.shape) for each in axes)


def _unit_normalization(layer: Any, x: Any, *_: Any, **__: Any) -> Any:
    import tensorflow as tf

    return tf.math.l2_normalize(x, _axes(layer.axis, x))


def _embedding(layer: Any, ids: Any, *_: Any, **__: Any) -> Any:
    """Look ids up; Keras also takes those below 0, which count from the end."""
    import tensorflow as tf

    return tf.gather(layer.embeddings, tf.cast(ids, tf.int32))


def _repeat_vector(layer: Any, x: Any, *_: Any, **__: Any) -> Any:
    import tensorflow as tf

    batch, channels = x.shape
    longer = _nearest(tf.reshape(x, (batch, 1, 1, channels)), (layer.n, 1))
    return tf.reshape(longer, (batch, layer.n, channels))


def _up_sampling_1d(layer: Any, x: Any, *_: Any, **__: Any) -> Any:
    import tensorflow as tf

    batch, steps, channels = x.shape
    longer = _nearest(tf.reshape(x, (batch, steps, 1, channels)), (layer.size, 1))
    return tf.reshape(longer, (batch, steps * layer.size, channels))


def _up_sampling_2d(layer: Any, x: Any, *_: Any, **__: Any) -> Any:
    return _nearest(x, layer.size)


def _nearest(x: Any, size: Sequence[int]) -> Any:
    import tensorflow as tf

    rows, columns = x.shape[1] * size[0], x.shape[2] * size[1]
    return tf.raw_ops.ResizeNearestNeighbor(images=x, size=[rows, columns])


_CALLS: Mapping[str, Call] = {
    "Embedding": _embedding,
    "GroupNormalization": _group_normalization,
    "LayerNormalization": _layer_normalization,
    "RMSNormalization": _rms_normalization,
    "RepeatVector": _repeat_vector,
    "UnitNormalization": _unit_normalization,
    "UpSampling1D": _up_sampling_1d,
    "UpSampling2D": _up_sampling_2d,
}
