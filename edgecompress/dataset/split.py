"""What flows out of a data set: samples to train on, to choose by, and sealed ones to test by."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.paged import taken

_log = logging.getLogger(__name__)

TaskOfOutput = Literal["classification", "binary", "regression", "reconstruction"]


@dataclass(frozen=True)
class Tasks:
    """What each output of a model of several is for, in the model's order.

    Attributes:
        names: of the outputs.
        tasks: of each.
        weights: of each one's loss, and in the mean of what they reach.
    """

    names: tuple[str, ...]
    tasks: tuple[TaskOfOutput, ...]
    weights: tuple[float, ...]

    def __str__(self) -> str:
        """Name each output's task."""
        pairs = zip(self.names, self.tasks, strict=True)
        return ", ".join(f"{name}: {task}" for name, task in pairs)


Task = TaskOfOutput | Tasks
# float32 [n, ...], or a tuple of such arrays for a model of several inputs, in their order.
Inputs = Any


def arrays_of(x: Inputs) -> tuple[NDArray[Any], ...]:
    """Return an array [n, ...] for each input of a model; `x` is one, or several."""
    return x if isinstance(x, tuple) else (x,)


def samples_at(x: Inputs, indices: Any) -> Inputs:
    """Return the samples of `x` at `indices` (any index of the first axis), of each input."""
    return tuple(values[indices] for values in x) if isinstance(x, tuple) else x[indices]


@dataclass(frozen=True)
class Split:
    """Samples and what is known of them.

    Attributes:
        x: float32 [n, ...], shaped as the model takes them; a tuple of such arrays, in the order
            of `model.inputs`, where it takes several.
        y: int64 [n] class indices ("classification", "binary", or 0/1 for a normal or anomalous
            sample of a "reconstruction"), float32 [n, ...] targets ("regression"), or None; a
            tuple of such arrays, in the order of `model.outputs`, where it gives several.
    """

    x: Inputs
    y: Any = None

    @property
    def size(self) -> int:
        """The number of samples."""
        return len(arrays_of(self.x)[0])

    def take(self, indices: NDArray[np.integer[Any]]) -> "Split":
        """Return the samples at `indices` [k], in that order."""
        y = None if self.y is None else samples_at(self.y, indices)
        arrays = tuple(taken(values, indices) for values in arrays_of(self.x))
        return Split(arrays if isinstance(self.x, tuple) else arrays[0], y)

    def sample(self, count: int, seed: int) -> "Split":
        """Return `count` samples drawn by `seed`, each at most once; all if there are fewer."""
        drawn = np.random.default_rng(seed).choice(self.size, min(count, self.size), replace=False)
        return self.take(drawn)


class SealedSplit:
    """Test samples that nothing can be chosen by: they come out once a purpose is stated."""

    __slots__ = ("_purposes", "_split")

    def __init__(self, split: Split) -> None:
        self._split = split
        self._purposes: list[str] = []

    @property
    def size(self) -> int:
        """The number of samples, which is no secret."""
        return self._split.size

    @property
    def purposes(self) -> tuple[str, ...]:
        """What the samples have been opened for, in order."""
        return tuple(self._purposes)

    def open(self, purpose: str) -> Split:
        """Return the test samples, and log what for; do so once, at the end of a run."""
        self._purposes.append(purpose)
        _log.info("opened the %d test samples: %s", self.size, purpose)
        return self._split

    def mapped(self, function: Callable[[Split], Split]) -> "SealedSplit":
        """Return a sealed split of the same samples, changed by `function` (as scaling pixels)."""
        return SealedSplit(function(self._split))

    def __repr__(self) -> str:
        return f"SealedSplit({self.size} samples, opened for: {', '.join(self._purposes) or '-'})"


@dataclass(frozen=True)
class Dataset:
    """A data set, divided.

    Attributes:
        train: samples to train and calibrate on.
        validation: samples to choose by, never trained on. Empty when there are too few.
        test: samples for the one measurement at the end.
        labels: class names by index; empty when there are no classes.
        task: what the model is to do with the samples.
        source: where the data came from, as the user wrote it.
        sha256: digest of the content, the same on every machine.
        pixel_range: "0..255" while `x` holds pixels as stored in images, the range they were
            scaled to by `resolve_pixels`, or None when `x` holds no pixels.
        pixel_inputs: which of several inputs hold them, by position.
    """

    train: Split
    validation: Split
    test: SealedSplit
    labels: tuple[str, ...]
    task: Task
    source: str
    sha256: str
    pixel_range: str | None = None
    pixel_inputs: tuple[int, ...] = (0,)
