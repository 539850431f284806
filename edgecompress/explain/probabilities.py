"""What a classifier's outputs say of each class, as probabilities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]  # [n, classes], each row sums to 1


def probabilities(outputs: NDArray[Any]) -> Probabilities:
    """Return the probability [n, classes] of each class.

    Args:
        outputs: [n, classes], or [n, 1] where one output tells two classes apart: probabilities,
            or logits where any is outside of 0..1; of these the softmax, of one the sigmoid.
    """
    rows = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    logits = rows.min(initial=0) < 0 or rows.max(initial=0) > 1
    if rows.shape[1] == 1:
        yes = 1 / (1 + np.exp(-rows)) if logits else rows
        return np.concatenate([1 - yes, yes], axis=1)
    if logits:
        rows = np.exp(rows - rows.max(axis=1, keepdims=True))
    sums = rows.sum(axis=1, keepdims=True)
    equal = np.full_like(rows, 1 / rows.shape[1])  # where int8 rounds them all to 0
    return np.asarray(np.divide(rows, sums, out=equal, where=sums > 0))
