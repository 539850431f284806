"""How far a quantized model's outputs are from the float model's: what remedies are judged by."""

import logging
from collections.abc import Sequence
from math import inf, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.keras_files.model import import_keras
from edgecompress.tflite.interpreter import predict

_log = logging.getLogger(__name__)

_WEIGHT_BITS = 8
_DB_PER_BIT = 20 * log10(2)


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
    given = inputs[0] if len(inputs) == 1 else list(inputs)
    return snr_db(tree.flatten(model.predict_on_batch(given)), predict(quantized, inputs))


def snr_db(exact: Sequence[NDArray[Any]], rounded: Sequence[NDArray[Any]]) -> float:
    """Return 10 log10 of the energy of `exact` over that of the difference, inf for none."""
    signal = sum(float(np.square(values, dtype=np.float64).sum()) for values in exact)
    noise = sum(
        float(np.square(a.ravel() - b.ravel(), dtype=np.float64).sum())
        for a, b in zip(exact, rounded, strict=True)
    )
    return 10 * log10(signal / noise) if signal and noise else inf


def is_worth_its_bytes(
    model: Any, coarse: bytes, fine: bytes, inputs: Sequence[NDArray[Any]]
) -> bool:
    """Say whether `fine` lowers the error of `coarse` by enough for the bytes it is longer.

    Finer scales must buy precision at least as cheaply as wider weights would: one bit more than
    eight, an eighth of the bytes more, halves rounding errors, which are then 6.02 dB less.
    Arguments as of `output_snr_db`.
    """
    growth = len(fine) / len(coarse) - 1
    gain_db = output_snr_db(model, fine, inputs) - output_snr_db(model, coarse, inputs)
    price_db = _DB_PER_BIT * _WEIGHT_BITS * growth
    _log.info(
        "per-channel dense: %d bytes more, outputs nearer by %.2f dB, worth it from %.2f dB",
        len(fine) - len(coarse), gain_db, price_db,
    )  # fmt: skip
    return gain_db > price_db
