"""Fine-tuning: a few epochs that win back what compression lost, with or without a teacher."""

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split, Task, infer_task
from edgecompress.graph.rebuild import rebuild
from edgecompress.keras_files.outputs import outputs_of, predictor
from edgecompress.metrics import fitness, predicted_classes
from edgecompress.train.batch_norm import training_batch_norm
from edgecompress.train.batches import gather_samples, views_of
from edgecompress.train.checkpoint import Keeping
from edgecompress.train.epochs import Epoch, Run, train_epochs
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
    unlabelled: NDArray[np.float32] | None = None,
    features: Sequence[tuple[str, str]] = (),
    loss: Loss | None = None,
    score: Callable[[NDArray[Any], Split], float] | None = None,
    keeping: Keeping | None = None,
) -> Any:
    """Train a copy of `model` and return it with the weights of its best epoch.

    The best is by the validation metric; a model that only gets worse comes back as it was. The
    same arguments give the same weights, unless the deadline cuts the training short, and whether
    or not it was killed on the way and went on from what `keeping` kept.

    Args:
        model: a keras.Model of one input; it is left as it is.
        train: samples to learn from.
        validation: samples to choose by; if there are none, the training samples. Those without
            labels are labelled by the teacher.
        settings: how to train.
        teacher: a keras.Model whose outputs are learnt too, with `settings.alpha`.
        masks: 0 where a weight stays zero, by the variable's path; or a function of the model that
            is trained and the epoch (from 1) that gives the masks from then on, of the same
            weights, or None to leave them. The best is then of the epochs with the last masks.
        on_epoch: called after each epoch; what it raises ends the training.
        task: what the model is for; guessed from shapes and labels when None.
        unlabelled: more samples for the teacher to label, [m, ...].
        features: pairs of (layer of the model, layer of the teacher) whose feature maps shall
            look at the same places.
        loss: replaces the task's loss: (labels, outputs) -> [batch].
        score: replaces the task's validation metric: (outputs, split) -> more is better.
        keeping: where the training is kept while it lasts, and what can end it early. Functions
            given as `loss` and `score` must then be the same when it goes on.

    Returns:
        A keras.Model, not compiled; its kernels are rounded if `settings.kernel_bits` says so.

    Raises:
        DataError: there are no samples, or no labels and no teacher.
        KeyboardInterrupt: it was asked to end before it began.
    """
    began, deadline = time.monotonic(), settings.deadline_seconds
    student = _copy(model, settings.seed)
    task = task or infer_task(model.output_shape[1:], model.input_shape[1:], train.y)
    judged = _judged(validation if validation.size else train, teacher, task)
    judge = score or (lambda outputs, split: fitness(task, outputs, split))
    predict = predictor(student)
    with training_batch_norm(student, settings.batch_norm_momentum):
        lesson = Lesson(task, teacher, tuple(features), loss)
        samples = gather_samples(train, unlabelled, lesson, settings)
        view_of = views_of(samples, lesson, settings)
        some = samples.batch(np.arange(min(samples.size, _LOOKED_AT)), view_of(1))
        masks_at = partial(masks, student) if callable(masks) else lambda _: None
        first = masks_at(1) or {} if callable(masks) else masks or {}
        rounding = kernel_rounding(student, settings.kernel_bits)
        step = train_step(student, lesson, settings, first, some, rounding=rounding)
        scales = [each.start for each in rounding if each.start is not None]
        others = (judged.x, judged.y, *first.values(), *scales, task, lesson.features)
        checkpoint = None
        if keeping is not None:
            checkpoint = keeping.checkpoint(settings, student, teacher, samples, *others)
        run = Run(
            student=student,
            samples=samples,
            view_of=view_of,
            step=step,
            settings=settings,
            masks_at=masks_at,
            judge=lambda: judge(predict(judged.x), judged),
            rounding=rounding,
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            interruption=Interruption() if keeping is None else keeping.interruption,
            began=began,
            limit_seconds=math.inf if deadline is None else deadline,
        )
        return train_epochs(run)


def _judged(split: Split, teacher: Any, task: Task) -> Split:
    """Return samples to choose by; without labels, they are labelled by what the teacher says."""
    if split.y is not None or teacher is None or task == "reconstruction" or not split.size:
        return split
    outputs = outputs_of(teacher, split.x)
    return Split(split.x, outputs if task == "regression" else predicted_classes(task, outputs))


def _copy(model: Any, seed: int) -> Any:
    """Copy a model with its weights; random layers of the copy start from `seed`."""
    copy, pairs = rebuild(model, {})
    for source, target in pairs:
        target.set_weights(source.get_weights())
    for number, layer in enumerate(copy._flatten_layers()):  # noqa: SLF001 - nested layers too
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign([seed, number])
    return copy
