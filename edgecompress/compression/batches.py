"""What a training step takes: samples in a random order, and small random changes of images."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.compression.training import Augmentation, Lesson, Training
from edgecompress.dataset import Split
from edgecompress.errors import DataError
from edgecompress.keras_outputs import outputs_of

_IMAGE_RANK = 4  # [n, height, width, channels]
_SHIFT_SHARE = 8  # shifts go up to an eighth of the side, as 4 of CIFAR's 32 pixels


@dataclass(frozen=True)
class Samples:
    """What is known of each sample; a batch of it is the same for fewer samples.

    Attributes:
        x: float32 [n, ...].
        y: labels or targets [n, ...]; anything where `weight` is 0.
        weight: float32 [n], of the labels' loss: 0 for a sample without a label.
        taught: the teacher's outputs, float32 [n, ...]; None when there is no teacher, or when
            it must see the augmented image.
    """

    x: NDArray[np.float32]
    y: NDArray[Any]
    weight: NDArray[np.float32]
    taught: NDArray[np.float32] | None

    def batch(
        self, indices: NDArray[np.int64], augmentation: Augmentation, rng: np.random.Generator
    ) -> "Samples":
        """Return the samples at `indices` [k], images of them changed at random."""
        taught = None if self.taught is None else self.taught[indices]
        x = augmented(self.x[indices], augmentation, rng)
        return Samples(x, self.y[indices], self.weight[indices], taught)


def gather_samples(
    train: Split, unlabelled: NDArray[np.float32] | None, lesson: Lesson, settings: Training
) -> Samples:
    """Put labelled and unlabelled samples together, with the teacher's outputs for them.

    Raises:
        DataError: there are no samples, or neither labels nor a teacher.
    """
    if train.size == 0:
        raise DataError("there are no training samples")
    labelled = train.y is not None or lesson.task == "reconstruction"
    if not labelled and lesson.teacher is None:
        raise DataError("training needs labels or a teacher; the data has no labels")
    y = train.y if train.y is not None else np.zeros(train.size, np.int64)
    weight = _weights(y, settings) if labelled else np.zeros(train.size, np.float32)
    x = train.x
    if unlabelled is not None and len(unlabelled):
        count = len(unlabelled)
        x = np.concatenate([x, unlabelled.astype(np.float32, copy=False)])
        y = np.concatenate([y, np.zeros((count, *y.shape[1:]), y.dtype)])
        weight = np.concatenate([weight, np.zeros(count, np.float32)])
    known = lesson.teacher is not None and settings.augmentation == "none"
    return Samples(x, y, weight, outputs_of(lesson.teacher, x) if known else None)


def _weights(y: NDArray[Any], settings: Training) -> NDArray[np.float32]:
    """Return the weight [n] of each label; 1 on average where classes are balanced."""
    if settings.class_weights is None:
        return np.ones(len(y), np.float32)
    if settings.class_weights == "balanced":
        counts = np.bincount(y)
        table = len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    else:
        table = np.array(settings.class_weights)
    if y.max() >= len(table):
        raise DataError(f"{len(table)} class weights for {int(y.max()) + 1} classes; give as many")
    weights: NDArray[np.float32] = table[y].astype(np.float32)
    return weights


def shuffled(size: int, batch_size: int, seed: int, epoch: int) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of each batch of an epoch; every sample comes once."""
    order = np.random.default_rng([seed, epoch]).permutation(size)
    for start in range(0, size, batch_size):
        yield order[start : start + batch_size]


def augmented(
    x: NDArray[np.float32], augmentation: Augmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return images [n, height, width, channels] shifted at random, and half of them mirrored.

    Shifts go up to an eighth of each side, with the border repeated; data of another rank stays
    as it is.
    """
    if augmentation == "none" or x.ndim != _IMAGE_RANK:
        return x
    changed = _shifted(x, rng)
    if augmentation == "shift+flip":
        mirrored = rng.random(len(x)) < 0.5  # noqa: PLR2004
        changed[mirrored] = changed[mirrored, :, ::-1]
    return changed


def _shifted(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    n, height, width, _ = x.shape
    down, right = height // _SHIFT_SHARE, width // _SHIFT_SHARE
    padded = np.pad(x, ((0, 0), (down, down), (right, right), (0, 0)), mode="edge")
    tops, lefts = rng.integers(0, 2 * down + 1, n), rng.integers(0, 2 * right + 1, n)
    shifted = np.empty_like(x)
    for i in range(n):
        shifted[i] = padded[i, tops[i] : tops[i] + height, lefts[i] : lefts[i] + width]
    return shifted
