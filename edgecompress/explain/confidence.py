"""How far a model's confidence can be trusted, and where it answers as another one does."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.explain.probabilities import Probabilities

BINS = 10


def calibration_error(sure: Probabilities, y: NDArray[np.int64], bins: int = BINS) -> float:
    """Return the expected calibration error, a fraction.

    Guo et al., On Calibration of Modern Neural Networks, 2017, equation 3: over bins of equal width
    of the confidence (the largest probability), the mean distance between the share of right
    answers and the mean confidence, weighted by the samples of each bin.
    """
    confidence, right = sure.max(axis=1), sure.argmax(axis=1) == y
    own = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    surplus = np.bincount(own, right - confidence, bins)
    return float(np.abs(surplus).sum() / len(y))


def agreement(
    first: NDArray[np.int64], other: NDArray[np.int64], labels: Sequence[str]
) -> list[dict[str, Any]]:
    """Return, for each class that the first model answers, the share the other one answers alike.

    Args:
        first: the classes [n] that the first model answers.
        other: those of the other model.
        labels: names of classes; a class without one is called by its number.
    """
    return [
        {
            "class": label_of(index, labels),
            "samples": int((first == index).sum()),
            "agreement": float((other[first == index] == index).mean()),
        }
        for index in map(int, np.unique(first))
    ]


def label_of(index: int, labels: Sequence[str]) -> str:
    """Return what a class is called: its number where it has no name."""
    return labels[index] if index < len(labels) else str(index)
