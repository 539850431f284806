"""What a Keras model answers, batch by batch."""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgecompress.dataset.split import Inputs, arrays_of
from edgecompress.errors import DataError

_BATCH = 256

Outputs = Any  # float32 [n, ...], or a tuple of such arrays where a model gives several
Predict = Callable[[Inputs], Outputs]


def predictor(model: Any) -> Predict:
    """Return a function from inputs [n, ...] to the outputs of `model` (a keras.Model), [n, ...].

    It is traced once, and follows the model's weights as they change. Several inputs come as a
    tuple, in the order of `model.inputs`; several outputs as one in the order of `model.outputs`.
    """
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in model.inputs]

    types = [each.dtype.as_numpy_dtype for each in signature]

    def call(*x: Any) -> Any:
        return tf.nest.flatten(model(x[0] if len(x) == 1 else list(x), training=False))

    infer = tf.function(call, input_signature=signature)

    def predict(x: Inputs) -> Outputs:
        arrays = arrays_of(x)
        if len(arrays) != len(signature):
            raise DataError(
                f"model {model.name!r} has {len(signature)} inputs, the data has {len(arrays)}"
            )
        typed = [a.astype(t, copy=False) for a, t in zip(arrays, types, strict=True)]
        starts = range(0, len(arrays[0]), _BATCH)
        batches = [infer(*(a[start : start + _BATCH] for a in typed)) for start in starts]
        outputs = [
            np.concatenate([each.numpy() for each in column])
            for column in zip(*batches, strict=True)
        ]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    return predict


def outputs_of(model: Any, x: Inputs) -> Outputs:
    """Return the outputs of `model` for inputs `x` [n, ...]."""
    return predictor(model)(x)
