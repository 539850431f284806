"""Distillation: a small student learns what a large teacher answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split, Task
from edgecompress.errors import UsageError
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.metrics import predicted_classes
from edgecompress.train.fine_tune import Epoch, finetune
from edgecompress.train.settings import Training


@dataclass(frozen=True)
class Residual:
    """What a student lacks of its teacher, for the samples of one class (None: all samples)."""

    label: int | None
    samples: int
    difference: float  # mean absolute difference of the outputs
    agreement: float | None  # share of samples with the same answer; None: no classes
    teacher_accuracy: float | None
    student_accuracy: float | None


def distill(
    teacher: Any,
    student: Any,
    train: Split,
    validation: Split,
    settings: Training,
    *,
    unlabelled: NDArray[np.float32] | None = None,
    features: Sequence[tuple[str, str]] = (),
    task: Task | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Any:
    """Train a copy of `student` on labels and on the teacher's outputs, and return it.

    Hinton's distillation for classes, with `settings.temperature`; squared error for regression
    and reconstruction. `settings.alpha` is the teacher's share of the loss; samples without labels
    are the teacher's alone.

    Args:
        teacher: a keras.Model of the task.
        student: a keras.Model with the same inputs and outputs, such as `derive_student` makes.
        train: samples to learn from; labels may be missing.
        validation: samples to choose the best epoch by.
        settings: how to train.
        unlabelled: more samples [m, ...] for the teacher to label.
        features: (student's layer, teacher's layer) pairs whose feature maps are matched too.
        task: what the models are for; guessed when None.
        on_epoch: called after each epoch.

    Raises:
        UsageError: the models do not have the same inputs and outputs.
        DataError: there are no training samples.
    """
    _check_alike(teacher, student)
    if train.y is None:
        settings = replace(settings, alpha=1.0)
    return finetune(
        student,
        train,
        validation,
        settings,
        teacher=teacher,
        unlabelled=unlabelled,
        features=features,
        task=task,
        on_epoch=on_epoch,
    )


def _check_alike(teacher: Any, student: Any) -> None:
    if (teacher.input_shape, teacher.output_shape) != (student.input_shape, student.output_shape):
        raise UsageError(
            f"teacher maps {teacher.input_shape} to {teacher.output_shape}, student "
            f"{student.input_shape} to {student.output_shape}; they must be equal"
        )


def residuals(
    teacher: Any, student: Any, split: Split, task: Task, classes: int = 0
) -> tuple[Residual, ...]:
    """Return what the student lacks of the teacher, over all samples and then class by class.

    Args:
        teacher: a keras.Model.
        student: a keras.Model.
        split: samples to compare their outputs on.
        task: what the models are for.
        classes: number of classes; 0 for the samples as a whole only.
    """
    taught, learnt = outputs_of(teacher, split.x), outputs_of(student, split.x)
    everything = np.ones(split.size, np.bool_)
    if task not in ("classification", "binary") or split.y is None:
        return (_residual(None, taught, learnt, None, task),)
    y = split.y.reshape(-1)
    rows = [(None, everything), *((label, y == label) for label in range(classes))]
    return tuple(
        _residual(label, taught[chosen], learnt[chosen], y[chosen], task)
        for label, chosen in rows
        if chosen.any()
    )


def _residual(
    label: int | None,
    taught: NDArray[np.float32],
    learnt: NDArray[np.float32],
    y: NDArray[Any] | None,
    task: Task,
) -> Residual:
    difference = float(np.abs(taught - learnt).mean())
    if y is None:
        return Residual(label, len(taught), difference, None, None, None)
    teacher, student = predicted_classes(task, taught), predicted_classes(task, learnt)
    return Residual(
        label=label,
        samples=len(y),
        difference=difference,
        agreement=float((teacher == student).mean()),
        teacher_accuracy=float((teacher == y).mean()),
        student_accuracy=float((student == y).mean()),
    )
