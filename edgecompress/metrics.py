"""How well a model does its task, from its outputs. Accuracies are fractions; a point is 0.01."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import Split, Task, TaskOfOutput, Tasks
from edgecompress.errors import DataError

_PRIMARY: Mapping[TaskOfOutput, tuple[str, bool]] = {
    "classification": ("accuracy", True),
    "binary": ("accuracy", True),
    "regression": ("mse", False),
    "reconstruction": ("mse", False),
}
_NORMAL_95 = 1.959964  # two-sided 95 % quantile of the normal distribution


def measure(task: Task, outputs: Any, split: Split) -> Mapping[str, float]:
    """Return the metrics of a task.

    Args:
        task: what the model is for.
        outputs: what it gave, [n, ...] float: probabilities or logits, targets, reconstructions.
        split: the samples, with the labels to compare with.

    Returns:
        "classification", "binary": accuracy, balanced_accuracy (mean recall of the classes there
        are), macro_f1 (mean F1 of the classes there are).
        "regression": mse, mae, r2 (1 at best, 0 for the mean).
        "reconstruction": mse, mae, r2 and, where labels say 0 for normal and 1 for anomalous,
        roc_auc of the samples' reconstruction errors.
        Several outputs: those of each, with its name before ("class/accuracy"), and fitness, the
        mean of each one's `fitness`, weighted as the losses are.

    Raises:
        DataError: there are no labels, or they are not as many as the outputs.
    """
    if isinstance(task, Tasks):
        return _of_each(task, outputs, split)
    if len(outputs) != split.size:
        raise DataError(f"{len(outputs)} outputs for {split.size} samples; they must be as many")
    if task == "reconstruction":
        return _errors(outputs, split.x) | _anomaly_detection(outputs, split)
    if split.y is None:
        raise DataError(f"a {task} cannot be measured without labels; give data with labels")
    if task == "regression":
        return _errors(outputs, split.y)
    return _classification(predicted_classes(task, outputs), split.y)


def primary_metric(task: Task) -> tuple[str, bool]:
    """Return the metric that decides between models, and whether more of it is better."""
    return ("fitness", True) if isinstance(task, Tasks) else _PRIMARY[task]


@dataclass(frozen=True)
class Loss:
    """What is lost by the output that loses most; of one output, by that."""

    metric: str  # as `measure` names it
    task: TaskOfOutput
    before: float
    after: float

    @property
    def points(self) -> float:
        """Points of accuracy, or per cent of an error."""
        return points_lost(self.task, self.before, self.after)


def largest_loss(task: Task, before: Mapping[str, float], after: Mapping[str, float]) -> Loss:
    """Return the loss between two results of `measure`, of the output that loses most."""
    if not isinstance(task, Tasks):
        metric, _ = primary_metric(task)
        return Loss(metric, task, before[metric], after[metric])
    losses = []
    for name, each in zip(task.names, task.tasks, strict=True):
        metric = f"{name}/{primary_metric(each)[0]}"
        losses.append(Loss(metric, each, before[metric], after[metric]))
    return max(losses, key=lambda loss: loss.points)


def fitness(task: Task, outputs: Any, split: Split) -> float:
    """Return one number, more is better, at best 1: accuracy for classes, else R2."""
    return fitness_of(measure(task, outputs, split))


def fitness_of(values: Mapping[str, float]) -> float:
    """Return the fitness among the metrics that `measure` returns."""
    return values[next(name for name in ("fitness", "accuracy", "r2") if name in values)]


def allowed_fitness(task: Task, before: float, drop: float) -> float:
    """Return the fitness left of `before` when `drop` is lost: points, or per cent of an error."""
    if primary_metric(task)[1]:
        return before - drop / 100
    return 1 - (1 - before) * (1 + drop / 100)


def unit_of_loss(task: Task) -> str:
    """Return what `points_lost` counts."""
    _, more_is_better = primary_metric(task)
    return "points" if more_is_better else "per cent of error"


def points_lost(task: Task, before: float, after: float) -> float:
    """Return how much worse `after` is: points of 100 for accuracies, per cent for errors."""
    _, more_is_better = primary_metric(task)
    if more_is_better:
        return 100 * (before - after)
    return 100 * (after - before) / before if before else 100 * after


def wilson_interval(share: float, samples: int) -> tuple[float, float]:
    """Return the 95 % interval of a share that was seen in so many samples.

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    square = _NORMAL_95**2
    middle = (share + square / (2 * samples)) / (1 + square / samples)
    spread = share * (1 - share) / samples + square / (4 * samples**2)
    half = _NORMAL_95 * spread**0.5 / (1 + square / samples)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def predicted_classes(task: Task, outputs: NDArray[Any]) -> NDArray[np.int64]:
    """Return the class [n] that outputs [n, classes], or [n, 1] for "binary", stand for.

    A single output counts as a logit, decided at 0, when any is outside of 0..1, else as a
    probability, decided at 0.5.
    """
    flat = outputs.reshape(len(outputs), -1)
    if task != "binary":
        return np.asarray(flat.argmax(axis=1), dtype=np.int64)
    logits = flat.min(initial=0) < 0 or flat.max(initial=0) > 1
    return (flat[:, 0] > (0.0 if logits else 0.5)).astype(np.int64)


def confusion_matrix(
    predicted: NDArray[np.int64], y: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Return the number of samples [true class, predicted class]."""
    counts = np.bincount(y * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def _of_each(tasks: Tasks, outputs: Any, split: Split) -> dict[str, float]:
    if split.y is None:
        raise DataError("several outputs cannot be measured without labels; give data with labels")
    if len(outputs) != len(tasks.names):
        raise DataError(f"the model gives {len(outputs)} outputs, data is for {len(tasks.names)}")
    values: dict[str, float] = {}
    reached = []
    for name, task, given, y in zip(tasks.names, tasks.tasks, outputs, split.y, strict=True):
        own = measure(task, given, Split(split.x, y))
        values |= {f"{name}/{metric}": value for metric, value in own.items()}
        reached.append(fitness_of(own))
    weights = tasks.weights if any(tasks.weights) else None
    return values | {"fitness": float(np.average(reached, weights=weights))}


def _classification(predicted: NDArray[np.int64], y: NDArray[np.int64]) -> dict[str, float]:
    classes = int(max(predicted.max(), y.max())) + 1
    matrix = confusion_matrix(predicted, y, classes)
    right, true, said = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    recall = right[true > 0] / true[true > 0]
    f1 = 2 * right / np.maximum(true + said, 1)
    return {
        "accuracy": float(right.sum() / len(y)),
        "balanced_accuracy": float(recall.mean()),
        "macro_f1": float(f1[(true + said) > 0].mean()),
    }


def _errors(outputs: NDArray[Any], targets: NDArray[Any]) -> dict[str, float]:
    if outputs.size != targets.size:
        raise DataError(
            f"outputs have shape {outputs.shape[1:]}, targets {targets.shape[1:]}; "
            "they must be equal"
        )
    wanted = targets.reshape(len(targets), -1).astype(np.float64)
    error = outputs.reshape(wanted.shape).astype(np.float64) - wanted
    spread = float(((wanted - wanted.mean(axis=0)) ** 2).sum())
    squared = float((error**2).sum())
    return {
        "mse": float((error**2).mean()),
        "mae": float(np.abs(error).mean()),
        "r2": 1.0 - squared / spread if spread else float(squared == 0),
    }


def _anomaly_detection(outputs: NDArray[Any], split: Split) -> dict[str, float]:
    """Return the area under the ROC curve of telling anomalies by their reconstruction error."""
    if split.y is None or set(np.unique(split.y)) != {0, 1}:
        return {}
    from sklearn.metrics import roc_auc_score

    error = (outputs.reshape(split.x.shape).astype(np.float64) - split.x) ** 2
    scores = error.reshape(split.size, -1).mean(axis=1)
    return {"roc_auc": float(roc_auc_score(split.y, scores))}
