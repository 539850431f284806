"""How far a quantized model's outputs are from the float model's: what remedies are judged by."""

from collections.abc import Sequence
from math import inf, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.keras_model import import_keras
from edgecompress.tflite.interpreter import predict


def output_snr_db(model: Any, quantized: bytes, inputs: Sequence[NDArray[Any]]) -> float:
    """Return 10 log10 of the float outputs' energy over that of the error, inf for no error.

    It tells two ways to quantize apart on a few hundred samples, where an accuracy, which counts
    the few samples that change sides, would need many thousands.

    Args:
        model: the keras.Model that `quantized` was made of.
        quantized: its .tflite, run by the TFLM interpreter.
        inputs: one array [n, ...] for each input.
    """
    tree = import_keras().tree
    exact = tree.flatten(model.predict_on_batch(tree.pack_sequence_as(model.input, inputs)))
    rounded = predict(quantized, inputs)
    signal = sum(float(np.square(values, dtype=np.float64).sum()) for values in exact)
    noise = sum(
        float(np.square(a.ravel() - b.ravel(), dtype=np.float64).sum())
        for a, b in zip(exact, rounded, strict=True)
    )
    return 10 * log10(signal / noise) if signal and noise else inf
