"""Kernels in float, rounded as the device will hold them: to 8 bits, or large ones to 4."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from edgecompress.compression.fold import channel_shape
from edgecompress.tflite import int4

_WEIGHT_STEPS = 127  # int8 weights are symmetric: -127..127


def rounded_kernel(layer: Any, kernel: Any, bits: int = 8) -> Any:
    """Return a kernel rounded as `quantize` does it: per output channel, dense layers in one.

    Args:
        layer: whose kernel it is.
        kernel: a tf.Variable or tensor of it.
        bits: 4 rounds large kernels to 4 bits, as `edgecompress.tflite.int4` does.
    """
    import tensorflow as tf

    dense = type(layer).__name__ == "Dense"
    shape = [1] * len(kernel.shape) if dense else channel_shape(layer, kernel.shape)
    axes = [axis for axis, size in enumerate(shape) if size == 1]
    largest = tf.maximum(tf.reduce_max(tf.abs(kernel), axis=axes, keepdims=True), 1e-12)
    if bits == int4.BITS and _is_large(layer, kernel):
        scales = [share * largest / int4.HIGHEST for share in int4.RANGE_SHARES]
        return _nearest(kernel, scales, axes)
    scale = largest / _WEIGHT_STEPS
    return tf.round(kernel / scale) * scale


def _is_large(layer: Any, kernel: Any) -> bool:
    """Say whether `int4` takes the kernel that this one is converted to."""
    alone = type(layer).__name__ in ("Dense", "Conv1D", "Conv2D") and kernel.name == "kernel"
    pointwise = kernel.name == "pointwise_kernel"
    whole = getattr(layer, "groups", 1) == 1
    return (alone or pointwise) and whole and int(np.prod(kernel.shape)) >= int4.LEAST_WEIGHTS


def _nearest(kernel: Any, scales: Sequence[Any], axes: Sequence[int]) -> Any:
    """Return the kernel rounded to 4 bits by the scale that is best for each channel."""
    import tensorflow as tf

    best = error = None
    for scale in scales:
        steps = tf.clip_by_value(tf.round(kernel / scale), -int4.HIGHEST, int4.HIGHEST)
        squares = tf.reduce_sum(tf.square(steps * scale - kernel), axis=axes, keepdims=True)
        if best is None:
            best, error = steps * scale, squares
        else:
            best = tf.where(squares < error, steps * scale, best)
            error = tf.minimum(squares, error)
    return best


def kernels(model: Any) -> list[tuple[Any, Any]]:
    """Return (layer, kernel) of each layer whose kernel is quantized."""
    return [
        (layer, weight)
        for layer in model.layers
        for weight in getattr(layer, "weights", ())
        if weight.name in ("kernel", "depthwise_kernel", "pointwise_kernel")
    ]


@contextmanager
def rounded_kernels(model: Any, bits: int = 8) -> Iterator[None]:
    """Round a model's kernels for a while; `bits` as of `rounded_kernel`."""
    found = kernels(model)
    before = [kernel.numpy() for _, kernel in found]
    for layer, kernel in found:
        kernel.assign(rounded_kernel(layer, kernel, bits))
    try:
        yield
    finally:
        for (_, kernel), values in zip(found, before, strict=True):
            kernel.assign(values)
