"""Which samples are explained."""

import numpy as np
from numpy.typing import NDArray


def spread_over_classes(classes: NDArray[np.int64], count: int, seed: int = 0) -> NDArray[np.int64]:
    """Return the positions of `count` samples (all, if there are fewer), class by class in turn.

    Args:
        classes: of each sample [n].
        count: how many to take.
        seed: which samples of a class come first.
    """
    drawn = np.random.default_rng(seed).permutation(len(classes))
    turns = np.zeros(len(classes), np.int64)  # how many of its class come before a sample
    for each in np.unique(classes):
        own = drawn[classes[drawn] == each]
        turns[own] = np.arange(len(own))
    chosen = drawn[np.argsort(turns[drawn], kind="stable")][:count]
    return np.asarray(chosen[np.lexsort((chosen, classes[chosen]))])
