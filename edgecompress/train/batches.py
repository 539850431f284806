"""What a training step takes: samples in a random order, images of them changed a little."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split, Task
from edgecompress.dataset.split import Inputs, Tasks, arrays_of, samples_at
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
        x: float32 [n, ...]; here and below, a tuple of such arrays where a model has several.
        y: labels or targets [n, ...]; anything where `weight` is 0.
        weight: float32 [n], of the labels' loss: 0 for a sample without a label.
        taught: the teacher's outputs for `x`, float32 [n, ...]; None when there is no teacher, or
            when the training step asks it.
    """

    x: Inputs
    y: Any
    weight: NDArray[np.float32]
    taught: Any = None

    @property
    def size(self) -> int:
        """The number of samples."""
        return len(self.weight)

    def batch(self, indices: NDArray[np.int64], view: "View") -> "Samples":
        """Return the samples at `indices` [k] as they are in `view`."""
        taught = None if view.taught is None else samples_at(view.taught, indices)
        x, y = view.images(self.x, indices), samples_at(self.y, indices)
        return Samples(x, y, self.weight[indices], taught)


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
    taught: Any = None

    def images(self, x: Inputs, indices: NDArray[np.int64]) -> Inputs:
        """Return the samples of `x` at `indices` [k] in this form."""
        chosen = samples_at(x, indices)
        if self.shifts is None:
            return chosen
        changed = _shifted(chosen, self.shifts[indices])
        mirrored = self.mirrored[indices]
        changed[mirrored] = changed[mirrored, :, ::-1]
        return changed


def gather_samples(
    train: Split, unlabelled: Inputs | None, lesson: Lesson, settings: Training
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
    y = train.y if train.y is not None else _no_labels(train.size, lesson.task)
    weight = _weights(y, settings) if labelled else np.zeros(train.size, np.float32)
    x = train.x
    if unlabelled is not None and (count := len(arrays_of(unlabelled)[0])):
        x = _joined([x, unlabelled])
        none = [np.zeros((count, *each.shape[1:]), each.dtype) for each in arrays_of(y)]
        y = _joined([y, tuple(none) if isinstance(y, tuple) else none[0]])
        weight = np.concatenate([weight, np.zeros(count, np.float32)])
    return Samples(x, y, weight)


def _no_labels(count: int, task: Task) -> Any:
    nothing = np.zeros(count, np.int64)
    return (nothing,) * len(task.names) if isinstance(task, Tasks) else nothing


def _joined(parts: Sequence[Any]) -> Any:
    """Return arrays [n, ...], or tuples of as many arrays, one after another."""
    if isinstance(parts[0], tuple):
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    return np.concatenate(parts)


def _weights(y: Any, settings: Training) -> NDArray[np.float32]:
    """Return the weight [n] of each label; 1 on average where classes are balanced."""
    if settings.class_weights is None:
        return np.ones(len(arrays_of(y)[0]), np.float32)
    if isinstance(y, tuple):
        raise DataError("class weights are of one output; leave them out for several")
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
    changing = settings.augmentation != "none" and _are_images(samples.x)

    @cache
    def taught_view(number: int) -> View:
        view = _view(samples.x, settings, number)
        return replace(view, taught=_answers(lesson.teacher, samples.x, view))

    def view_of(epoch: int) -> View:
        if asked:
            return taught_view((epoch - 1) % _TAUGHT_VIEWS if changing else 0)
        return _view(samples.x, settings, epoch)

    return view_of


def _answers(teacher: Any, x: Inputs, view: View) -> Any:
    """Return what the teacher answers to all samples, without holding all of them twice."""
    size = len(arrays_of(x)[0])
    chunks = np.array_split(np.arange(size), max(1, size // _SAMPLES_AT_ONCE))
    return _joined([outputs_of(teacher, view.images(x, chunk)) for chunk in chunks])


def _are_images(x: Inputs) -> bool:
    """Say whether samples are images alone: what belongs to other inputs cannot move with them."""
    return not isinstance(x, tuple) and x.ndim == _IMAGE_RANK


def _view(x: Inputs, settings: Training, number: int) -> View:
    """Draw how each image is changed; data of another rank stays as it is.

    Shifts go up to an eighth of each side; with "shift+flip", half of the images are mirrored.
    """
    mirrored = np.zeros(len(arrays_of(x)[0]), np.bool_)
    if settings.augmentation == "none" or not _are_images(x):
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
