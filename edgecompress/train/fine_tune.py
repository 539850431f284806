"""Fine-tuning: a few epochs that win back what compression lost, with or without a teacher."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split, Task, infer_task
from edgecompress.dataset.split import Inputs, Tasks, arrays_of
from edgecompress.graph.rebuild import copy_weights, rebuild
from edgecompress.keras_files.outputs import outputs_of, predictor
from edgecompress.metrics import fitness, predicted_classes
from edgecompress.train.batch_norm import training_batch_norm
from edgecompress.train.batches import Samples, gather_samples, views_of
from edgecompress.train.checkpoint import Epoch, Keeping
from edgecompress.train.epochs import Run, train_epochs
from edgecompress.train.interruption import Interruption
from edgecompress.train.kernel_rounding import kernel_rounding
from edgecompress.train.losses import Loss
from edgecompress.train.settings import Lesson, Training
from edgecompress.train.step import Masks, train_step

_LOOKED_AT = 64  # samples by which outputs are told to be probabilities or logits

__all__ = ["Epoch", "Training", "finetune"]


MaskSchedule = Callable[[Any, int], Masks | None]  # (model as it is, epoch from 1) -> masks


def finetune(
    model: Any,
    train: Split,
    validation: Split,
    settings: Training,
    *,
    teacher: Any = None,
    masks: Masks | MaskSchedule | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    task: Task | None = None,
    unlabelled: Inputs | None = None,
    features: Sequence[tuple[str, str]] = (),
    loss: Loss | None = None,
    score: Callable[[NDArray[Any], Split], float] | None = None,
    keeping: Keeping | None = None,
) -> Any:
    """Train a copy of `model` and return it, not compiled, with the weights of its best epoch.

    The best is by the validation metric; a model that only gets worse comes back as it was. The
    same arguments give the same weights, killed on the way or not (see `keeping`), unless the
    deadline cuts the training short. KeyboardInterrupt: it was asked to end before it began.

    Args:
        model: a keras.Model; it is left as it is.
        train: samples to learn from.
        validation: samples to choose by, labelled by the teacher if not at all; else `train`.
        settings: how to train, and whether kernels are rounded.
        teacher: a keras.Model whose outputs are learnt too, with `settings.alpha`.
        masks: what stays zero, see `_masks_at`; the best is of the epochs with the last masks.
        on_epoch: called after each, with those before it was killed too; what it raises ends it.
        task: what the model is for; guessed from shapes and labels when None.
        unlabelled: more samples for the teacher to label, [m, ...].
        features: pairs of (layer of the model, layer of the teacher) that shall look alike.
        loss: in place of the task's: (labels, outputs) -> [batch].
        score: in place of the task's validation metric: (outputs, split) -> more is better.
        keeping: where it is kept while it lasts, and what can end it early.

    Raises:
        DataError: there are no samples, or no labels and no teacher.
    """
    began, student = time.monotonic(), _copy(model, settings.seed)
    task = task or infer_task(model.output_shape[1:], model.input_shape[1:], train.y)
    lesson = Lesson(task, teacher, tuple(features), loss)
    judged = _judged(validation if validation.size else train, teacher, task)
    with training_batch_norm(student, settings.batch_norm_momentum):
        samples = gather_samples(train, unlabelled, lesson, settings)
        run = _run(
            student, lesson, settings, samples, judged, masks=masks, score=score, keeping=keeping
        )
        return train_epochs(replace(run, on_epoch=on_epoch, began=began))


def _run(
    student: Any,
    lesson: Lesson,
    settings: Training,
    samples: Samples,
    judged: Split,
    *,
    masks: Masks | MaskSchedule | None,
    score: Callable[[NDArray[Any], Split], float] | None,
    keeping: Keeping | None,
) -> Run:
    """Return a training that has not begun: its step, its judge, and where it is kept."""
    predict, deadline = predictor(student), settings.deadline_seconds
    view_of = views_of(samples, lesson, settings)
    some = samples.batch(np.arange(min(samples.size, _LOOKED_AT)), view_of(1))
    masks_at, first = _masks_at(masks, student)
    rounding = kernel_rounding(student, settings.kernel_bits)
    step = train_step(student, lesson, settings, first, some, rounding=rounding)
    judge = score or partial(fitness, lesson.task)
    checkpoint = None
    if keeping is not None:
        scales = [each.start for each in rounding if each.start is not None]
        known = (*arrays_of(judged.x), *arrays_of(judged.y))
        others = (*known, *first.values(), *scales, lesson.task, lesson.features)
        checkpoint = keeping.checkpoint(settings, student, lesson.teacher, samples, *others)
    return Run(
        student=student,
        samples=samples,
        view_of=view_of,
        step=step,
        settings=settings,
        masks_at=masks_at,
        judge=lambda: judge(predict(judged.x), judged),
        rounding=rounding,
        checkpoint=checkpoint,
        interruption=Interruption() if keeping is None else keeping.interruption,
        limit_seconds=math.inf if deadline is None else deadline,
    )


def _masks_at(
    masks: Masks | MaskSchedule | None, student: Any
) -> tuple[Callable[[int], Masks | None], Masks]:
    """Return the masks that come with an epoch (from 1; None leaves them), and the first ones.

    Args:
        masks: 0 where a weight stays zero, by the variable's path; or a function of the model that
            is trained and the epoch that gives the masks from then on, of the same weights.
        student: the model that is trained.
    """
    if not callable(masks):
        return lambda _: None, masks or {}
    schedule = partial(masks, student)
    return schedule, schedule(1) or {}


def _judged(split: Split, teacher: Any, task: Task) -> Split:
    """Return samples to choose by; without labels, they are labelled by what the teacher says."""
    if split.y is not None or teacher is None or task == "reconstruction" or not split.size:
        return split
    outputs = outputs_of(teacher, split.x)
    if isinstance(task, Tasks):
        each = zip(task.tasks, outputs, strict=True)
        return Split(split.x, tuple(_answers(one, values) for one, values in each))
    return Split(split.x, _answers(task, outputs))


def _answers(task: Task, outputs: NDArray[Any]) -> NDArray[Any]:
    return outputs if task == "regression" else predicted_classes(task, outputs)


def _copy(model: Any, seed: int) -> Any:
    """Copy a model with its weights; random layers of the copy start from `seed`."""
    copy, pairs = rebuild(model, {})
    for source, target in pairs:
        copy_weights(source, target)
    for number, layer in enumerate(copy._flatten_layers()):  # noqa: SLF001 - nested layers too
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign([seed, number])
    return copy
