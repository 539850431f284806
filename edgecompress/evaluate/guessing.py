"""Whether a float model is any better than guessing, and what would make it so if it is not.

The usual causes are tried: inputs in another range, channels or classes in another order. What
helps none of them is other data than the model was trained on, or a model that was not trained.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split, Task
from edgecompress.dataset.split import Tasks
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.keras_files.token_ids import id_inputs
from edgecompress.metrics import confusion_matrix, fitness, predicted_classes

_SAMPLES = 1000  # enough to tell a model from a guess within three points
_ERRORS = 2.0  # standard errors that a model must be ahead of guessing
_HELPS = 0.1  # fitness that a change must bring to be named
_COLOURS = 3
Change = Callable[[NDArray[np.float32]], NDArray[Any]]

_RANGES: Mapping[str, Change] = {
    "divided by 255": lambda x: x / 255,
    "divided by 127.5, less 1": lambda x: x / 127.5 - 1,
    "times 255": lambda x: x * 255,
    "times 2, less 1": lambda x: x * 2 - 1,
    "less their mean, over their deviation": lambda x: (x - x.mean()) / (x.std() or 1.0),
}


@dataclass(frozen=True)
class Guess:
    """A model that does no better than guessing, and what was tried."""

    metric: str  # in words
    value: float
    guess: float  # what always the same answer comes to
    samples: int
    helps: tuple[tuple[str, float], ...] = ()  # (change of the inputs or labels, what it comes to)

    def __str__(self) -> str:
        """Say so in one line, with what to do."""
        said = (
            f"the float model is no better than guessing: {self.metric} {self.value:.3f} on "
            f"{self.samples} samples; the same answer to all of them comes to {self.guess:.3f}"
        )
        if self.helps:
            better = "; ".join(f"{value:.3f} if {change}" for change, value in self.helps)
            return f"{said}. It comes to {better}: give the data so"
        return (
            f"{said}. Neither another range of its inputs nor another order of channels or labels "
            "helps: these are other data than it was trained on, or it was not trained"
        )


def guessing(model: Any, split: Split, task: Task) -> Guess | None:
    """Return how a float model guesses, or None if it does better than that.

    Args:
        model: a keras.Model; of several inputs or outputs nothing is known, and None is returned.
        split: labelled samples; nor is anything without labels.
        task: what the model is for.
    """
    if not split.size or (split.y is None and task != "reconstruction") or _several(model, task):
        return None
    sample = split if split.size <= _SAMPLES else split.sample(_SAMPLES, 0)
    outputs = outputs_of(model, sample.x)
    value, guess, error = _against_guess(task, outputs, sample)
    if value > guess + _ERRORS * error:
        return None
    wanted = max(guess + _ERRORS * error, value + _HELPS)
    helps = [each for each in _changes(model, outputs, sample, task) if each[1] > wanted]
    best = tuple(sorted(helps, key=lambda each: -each[1])[:2])
    metric = "accuracy" if task in ("classification", "binary") else "R2"
    return Guess(metric, value, guess, sample.size, best)


def _several(model: Any, task: Task) -> bool:
    return len(model.inputs) > 1 or isinstance(task, Tasks)


def _against_guess(
    task: Task, outputs: NDArray[np.float32], split: Split
) -> tuple[float, float, float]:
    """Return the fitness, that of the best constant answer, and the latter's standard error."""
    value = fitness(task, outputs, split)
    if task not in ("classification", "binary") or split.y is None:
        return value, 0.0, 0.0  # R2 of the mean
    share = float(np.bincount(split.y).max() / split.size)
    return value, share, math.sqrt(share * (1 - share) / split.size)


def _changes(
    model: Any, outputs: NDArray[np.float32], split: Split, task: Task
) -> Iterator[tuple[str, float]]:
    """Yield (what is changed, the fitness that it comes to). Ids of tokens have no other range."""
    for name, change in ({} if id_inputs(model) else _RANGES).items():
        yield f"its inputs are {name}", _changed(model, split, task, change)
    if split.x.ndim > _COLOURS and split.x.shape[-1] == _COLOURS:
        swapped = _changed(model, split, task, lambda x: x[..., ::-1])
        yield "red and blue change places", swapped
    if task == "classification" and split.y is not None:
        yield (
            "its classes are in another order than the labels (compare the two lists)",
            _reordered(predicted_classes(task, outputs), split.y),
        )


def _changed(model: Any, split: Split, task: Task, change: Change) -> float:
    x = change(split.x).astype(np.float32)
    y = Split(x, split.y) if task == "reconstruction" else split
    return fitness(task, outputs_of(model, x), y)


def _reordered(predicted: NDArray[np.int64], y: NDArray[np.int64]) -> float:
    """Return the accuracy under the best one-to-one renaming of the classes."""
    from scipy.optimize import linear_sum_assignment

    counts = confusion_matrix(predicted, y, int(max(predicted.max(), y.max())) + 1)
    rows, columns = linear_sum_assignment(-counts)
    return float(counts[rows, columns].sum() / len(y))
