"""Take a share of samples out of a split, by seed, class by class."""

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import Split

# Shares taken where the user did not divide the data. Choices are made on the validation samples,
# so they must be many enough to tell models half a point apart on sets of thousands.
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.15


def divide(split: Split, share: float, seed: int, *, by_class: bool) -> tuple[Split, Split]:
    """Return (the rest, the share) of a split, each in the order of the split.

    Args:
        split: samples, with class indices when `by_class`.
        share: fraction of the samples to take, 0 to 1; of each class when `by_class`, so that
            both parts have the classes in equal proportion, and each class of two or more
            samples is in both.
        seed: chooses the samples.
        by_class: whether `split.y` holds class indices.
    """
    generator = np.random.default_rng(seed)
    taken = np.zeros(split.size, dtype=bool)
    for members in _groups(split, by_class=by_class):
        count = round(len(members) * share)
        if len(members) > 1:
            count = min(max(count, 1), len(members) - 1)
        taken[generator.permutation(members)[:count]] = True
    return split.take(np.flatnonzero(~taken)), split.take(np.flatnonzero(taken))


def _groups(split: Split, *, by_class: bool) -> list[NDArray[np.intp]]:
    if not by_class or split.y is None:
        return [np.arange(split.size)]
    return [np.flatnonzero(split.y == label) for label in np.unique(split.y)]
