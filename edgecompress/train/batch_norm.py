"""Batch normalization in training: averages that follow faster, and one fused kernel."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from edgecompress.keras_files.model import import_keras

_IMAGE_RANK = 4


@contextmanager
def training_batch_norm(model: Any, momentum: float) -> Iterator[None]:
    """Train batch normalization with TensorFlow's fused kernel and a lower momentum for a while.

    Keras computes it by single operations, each of which reads all activations: a step of training
    of ResNet-8 takes a quarter longer. Layers that do more than normalize the last axis are left
    as they are; so are all outside of training.

    Args:
        model: a keras.Model; what is traced meanwhile has the fused kernel in it.
        momentum: upper limit of the moving averages' momentum.
    """
    layers = [
        layer
        for layer in model._flatten_layers()  # noqa: SLF001 - nested layers too
        if isinstance(layer, import_keras().layers.BatchNormalization)
    ]
    before = [layer.momentum for layer in layers]
    try:
        for layer in layers:
            layer.momentum = min(layer.momentum, momentum)
            if _can_be_fused(layer):
                layer.call = _fused(layer, layer.call)
        yield
    finally:
        for layer, old in zip(layers, before, strict=True):
            layer.momentum = old
            vars(layer).pop("call", None)


def _can_be_fused(layer: Any) -> bool:
    return (
        type(layer) is import_keras().layers.BatchNormalization
        and layer.axis in (-1, layer.input_spec.ndim - 1)
        and layer.compute_dtype == "float32"
        and not layer.synchronized
        and not getattr(layer, "renorm", False)
    )


def _fused(layer: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    """Return what takes the place of a layer's `call`."""
    import tensorflow as tf

    def normalized(inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if training is not True or mask is not None or not layer.trainable:
            return call(inputs, training=training, mask=mask)
        channels, image = inputs.shape[-1], len(inputs.shape) == _IMAGE_RANK
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs if image else tf.reshape(inputs, [-1, 1, 1, channels]),
            tf.ones(channels) if layer.gamma is None else layer.gamma.value,
            tf.zeros(channels) if layer.beta is None else layer.beta.value,
            epsilon=layer.epsilon,
            is_training=True,
        )
        count = tf.cast(tf.size(inputs) // channels, tf.float32)
        biased = variance * (count - 1) / count  # what Keras averages; the kernel gives n / (n - 1)
        for average, value in ((layer.moving_mean, mean), (layer.moving_variance, biased)):
            average.assign(layer.momentum * average + (1 - layer.momentum) * value)
        if image:
            return outputs
        return tf.ensure_shape(tf.reshape(outputs, tf.shape(inputs)), inputs.shape)

    return normalized
