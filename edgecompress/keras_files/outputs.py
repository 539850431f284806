"""What a Keras model answers, batch by batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import Inputs, arrays_of
from edgecompress.errors import DataError

_BATCH = 256

Predict = Callable[[Inputs], NDArray[np.float32]]


def predictor(model: Any) -> Predict:
    """Return a function from inputs [n, ...] to the outputs of `model` (a keras.Model), [n, ...].

    It is traced once, and follows the model's weights as they change. Several inputs come as a
    tuple, in the order of `model.inputs`. Of several outputs it gives the first.
    """
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in model.inputs]

    types = [each.dtype.as_numpy_dtype for each in signature]

    def call(*x: Any) -> Any:
        return tf.nest.flatten(model(x[0] if len(x) == 1 else list(x), training=False))[0]

    infer = tf.function(call, input_signature=signature)

    def predict(x: Inputs) -> NDArray[np.float32]:
        arrays = arrays_of(x)
        if len(arrays) != len(signature):
            raise DataError(
                f"model {model.name!r} has {len(signature)} inputs, the data has {len(arrays)}"
            )
        typed = [a.astype(t, copy=False) for a, t in zip(arrays, types, strict=True)]
        starts = range(0, len(arrays[0]), _BATCH)
        return np.concatenate(
            [infer(*(a[start : start + _BATCH] for a in typed)).numpy() for start in starts]
        )

    return predict


def outputs_of(model: Any, x: Inputs) -> NDArray[np.float32]:
    """Return the outputs of `model` for inputs `x` [n, ...]."""
    return predictor(model)(x)
