"""What a training step takes: samples in a random order, images of them changed a little."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split
from edgecompress.errors import DataError
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.train.settings import Lesson, Training

_IMAGE_RANK = 4  # [n, height, width, channels]
_SAMPLES_AT_ONCE = 2048
_SHIFT_SHARE = 8  # shifts go up to an eighth of the side, as 4 of CIFAR's 32 pixels


# A teacher answers this many augmented forms of each sample, and each answer is then used again:
# past these epochs a training costs what the student costs.
_TAUGHT_VIEWS = 8


@dataclass(frozen=True)
class Samples:
    """What is known of each sample; a batch of it is the same for fewer samples.

    Attributes:
        x: float32 [n, ...].
        y: labels or targets [n, ...]; anything where `weight` is 0.
        weight: float32 [n], of the labels' loss: 0 for a sample without a label.
        taught: the teacher's outputs for `x`, float32 [n, ...]; None when there is no teacher, or
            when the training step asks it.
    """

    x: NDArray[np.float32]
    y: NDArray[Any]
    weight: NDArray[np.float32]
    taught: NDArray[np.float32] | None = None

    @property
    def size(self) -> int:
        """The number of samples."""
        return len(self.x)

    def batch(self, indices: NDArray[np.int64], view: "View") -> "Samples":
        """Return the samples at `indices` [k] as they are in `view`."""
        taught = None if view.taught is None else view.taught[indices]
        return Samples(view.images(self.x, indices), self.y[indices], self.weight[indices], taught)


@dataclass(frozen=True)
class View:
    """One form of all samples: how each image is changed, and what the teacher answers to that.

    Attributes:
        shifts: int64 [n, 2], pixels down and right; None where nothing is changed.
        mirrored: bool [n], left and right exchanged.
        taught: the teacher's outputs, float32 [n, ...]; None when there is no teacher, or when
            the training step asks it.
    """

    shifts: NDArray[np.int64] | None
    mirrored: NDArray[np.bool_]
    taught: NDArray[np.float32] | None = None

    def images(self, x: NDArray[np.float32], indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the samples of `x` at `indices` [k] in this form."""
        chosen = x[indices]
        if self.shifts is None:
            return chosen
        changed = _shifted(chosen, self.shifts[indices])
        mirrored = self.mirrored[indices]
        changed[mirrored] = changed[mirrored, :, ::-1]
        return changed


def gather_samples(
    train: Split, unlabelled: NDArray[np.float32] | None, lesson: Lesson, settings: Training
) -> Samples:
    """Put labelled and unlabelled samples together.

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
    return Samples(x, y, weight)


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


def views_of(samples: Samples, lesson: Lesson, settings: Training) -> Callable[[int], View]:
    """Return a function that gives the view of the samples for an epoch (from 1).

    Where there is a teacher, it is asked about a few views, once each, and they take turns.
    Layers whose feature maps are compared need it at each step instead.
    """
    asked = lesson.teacher is not None and not lesson.features
    changing = settings.augmentation != "none" and samples.x.ndim == _IMAGE_RANK

    @cache
    def taught_view(number: int) -> View:
        view = _view(samples.x, settings, number)
        return replace(view, taught=_answers(lesson.teacher, samples.x, view))

    def view_of(epoch: int) -> View:
        if asked:
            return taught_view((epoch - 1) % _TAUGHT_VIEWS if changing else 0)
        return _view(samples.x, settings, epoch)

    return view_of


def _answers(teacher: Any, x: NDArray[np.float32], view: View) -> NDArray[np.float32]:
    """Return what the teacher answers to all samples, without holding all of them twice."""
    chunks = np.array_split(np.arange(len(x)), max(1, len(x) // _SAMPLES_AT_ONCE))
    return np.concatenate([outputs_of(teacher, view.images(x, chunk)) for chunk in chunks])


def _view(x: NDArray[np.float32], settings: Training, number: int) -> View:
    """Draw how each image is changed; data of another rank stays as it is.

    Shifts go up to an eighth of each side; with "shift+flip", half of the images are mirrored.
    """
    mirrored = np.zeros(len(x), np.bool_)
    if settings.augmentation == "none" or x.ndim != _IMAGE_RANK:
        return View(None, mirrored)
    rng = np.random.default_rng([settings.seed, number, 1])
    reach = np.array(x.shape[1:3]) // _SHIFT_SHARE
    shifts = rng.integers(-reach, reach + 1, (len(x), 2))
    if settings.augmentation == "shift+flip":
        mirrored = rng.random(len(x)) < 0.5  # noqa: PLR2004
    return View(shifts, mirrored)


def _shifted(x: NDArray[np.float32], shifts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return images [n, height, width, channels] moved by `shifts` [n, 2], borders repeated."""
    _, height, width, _ = x.shape
    down, right = height // _SHIFT_SHARE, width // _SHIFT_SHARE
    padded = np.pad(x, ((0, 0), (down, down), (right, right), (0, 0)), mode="edge")
    moved = np.empty_like(x)
    for image, (below, beside) in enumerate(shifts):
        top, left = down - below, right - beside
        moved[image] = padded[image, top : top + height, left : left + width]
    return moved
