"""What a Keras model answers, batch by batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import UsageError

_BATCH = 256

Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def predictor(model: Any) -> Predict:
    """Return a function from inputs [n, ...] to the outputs of `model` (a keras.Model), [n, ...].

    It is traced once, and follows the model's weights as they change. Of several outputs it gives
    the first.

    Raises:
        UsageError: the model has several inputs.
    """
    import tensorflow as tf

    if len(model.inputs) != 1:
        raise UsageError(
            f"model {model.name!r} has {len(model.inputs)} inputs; training and measuring take "
            "models of one input"
        )
    (tensor,) = model.inputs
    signature = [tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)]

    infer = tf.function(
        lambda x: tf.nest.flatten(model(x, training=False))[0], input_signature=signature
    )

    def predict(x: NDArray[np.float32]) -> NDArray[np.float32]:
        starts = range(0, len(x), _BATCH)
        return np.concatenate([infer(x[start : start + _BATCH]).numpy() for start in starts])

    return predict


def outputs_of(model: Any, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the outputs of `model` for inputs `x` [n, ...]."""
    return predictor(model)(x)
