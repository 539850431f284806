"""Kernels in float, rounded as the device will hold them: to 8 bits, or large ones to fewer.

The scales of the latter are trained with them: 15 steps are too few to be set by the largest
weight, and a scale that followed the weights would move all steps of a channel at once. After
Esser, McKinstry, Bablani, Appuswamy and Modha, "Learned Step Size Quantization", ICLR 2020; the
scale's logarithm is what is learnt here, so that it stays positive.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.graph.fold import channel_shape
from edgecompress.keras_files.model import import_keras
from edgecompress.tflite import int4

_WEIGHT_STEPS = 127  # int8 weights are symmetric: -127..127


@dataclass(frozen=True)
class RoundedKernel:
    """A kernel of a model, and how it is rounded: a scale per output channel, one if it is dense.

    Attributes:
        kernel: the keras.Variable, in float.
        axes: of the weights that share a scale.
        start: the scales of a kernel of fewer bits before training, 1 along `axes`; None for 8
            bits, where the largest weight sets them.
        growth: keras.Variable, the logarithm of what these scales have grown by; None for 8 bits.
        highest: the largest integer.
    """

    kernel: Any
    axes: tuple[int, ...]
    start: NDArray[np.float32] | None = None
    growth: Any = None
    highest: int = _WEIGHT_STEPS

    def rounded(self) -> Any:
        """Return the rounded kernel, a tf.Tensor; gradients pass through (straight-through)."""
        import tensorflow as tf

        kernel = tf.convert_to_tensor(self.kernel)
        if self.start is None:
            return tf.grad_pass_through(self._in_8_bits)(kernel)
        scale = self.start * tf.exp(tf.convert_to_tensor(self.growth))
        steps = tf.clip_by_value(kernel / scale, -self.highest, self.highest)
        return tf.grad_pass_through(tf.round)(steps) * scale

    def _in_8_bits(self, kernel: Any) -> Any:
        import tensorflow as tf

        largest = tf.reduce_max(tf.abs(kernel), axis=self.axes, keepdims=True)
        scale = tf.maximum(largest, 1e-12) / _WEIGHT_STEPS
        return tf.round(kernel / scale) * scale


def kernel_rounding(model: Any, bits: int) -> tuple[RoundedKernel, ...]:
    """Return how each kernel of a keras.Model is rounded.

    Args:
        model: whose kernels as they are set the scales that fewer bits start from.
        bits: 8; 4 to 6 for large kernels in so many, see `edgecompress.tflite.int4`; 0 for none.
    """
    names = ("kernel", "depthwise_kernel", "pointwise_kernel")
    return tuple(
        _rounding(layer, weight, bits)
        for layer in (model.layers if bits else ())
        for weight in getattr(layer, "weights", ())
        if weight.name in names
    )


def _rounding(layer: Any, kernel: Any, bits: int) -> RoundedKernel:
    dense = type(layer).__name__ == "Dense"
    shape = [1] * len(kernel.shape) if dense else channel_shape(layer, kernel.shape)
    axes = tuple(axis for axis, size in enumerate(shape) if size == 1)
    if bits not in int4.FEWER_BITS or not _is_large(layer, kernel):
        return RoundedKernel(kernel, axes)
    channels = [axis for axis, size in enumerate(shape) if size != 1]
    values = kernel.numpy().transpose(*channels, *axes).reshape(int(np.prod(shape)), -1)
    _, scales = int4.rounded(values, bits)
    growth = import_keras().Variable(np.zeros(shape, np.float32), name="scale_growth")
    start = scales.reshape(shape).astype(np.float32)
    return RoundedKernel(kernel, axes, start, growth, int4.highest(bits))


def _is_large(layer: Any, kernel: Any) -> bool:
    """Say whether `int4` takes the kernel that this one is converted to."""
    alone = type(layer).__name__ in ("Dense", "Conv1D", "Conv2D") and kernel.name == "kernel"
    pointwise = kernel.name == "pointwise_kernel"
    whole = getattr(layer, "groups", 1) == 1
    return (alone or pointwise) and whole and int(np.prod(kernel.shape)) >= int4.LEAST_WEIGHTS


@contextmanager
def rounded_kernels(rounding: Sequence[RoundedKernel]) -> Iterator[None]:
    """Round kernels for a while."""
    before = [each.kernel.numpy() for each in rounding]
    for each in rounding:
        each.kernel.assign(each.rounded())
    try:
        yield
    finally:
        for each, values in zip(rounding, before, strict=True):
            each.kernel.assign(values)
