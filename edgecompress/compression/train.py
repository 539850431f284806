"""Fine-tuning: a few epochs that win back what compression lost, with or without a teacher."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.compression.batches import Samples, gather_samples, shuffled
from edgecompress.compression.fake_quant import rounded_kernels
from edgecompress.compression.losses import Loss
from edgecompress.compression.rebuild import rebuild
from edgecompress.compression.train_step import Step, train_step
from edgecompress.compression.training import Lesson, Training
from edgecompress.dataset import Split, Task, infer_task
from edgecompress.keras_outputs import outputs_of, predictor
from edgecompress.metrics import fitness, predicted_classes

__all__ = ["Epoch", "Training", "finetune"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to: `score` and `best` are `metrics.fitness` on the validation split."""

    number: int  # from 1
    loss: float  # mean over the steps
    score: float
    best: float
    seconds: float  # since training began


def finetune(
    model: Any,
    train: Split,
    validation: Split,
    settings: Training,
    *,
    teacher: Any = None,
    masks: Mapping[str, NDArray[Any]] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    task: Task | None = None,
    unlabelled: NDArray[np.float32] | None = None,
    features: Sequence[tuple[str, str]] = (),
    loss: Loss | None = None,
    score: Callable[[NDArray[Any], Split], float] | None = None,
) -> Any:
    """Train a copy of `model` and return it with the weights of its best epoch.

    The best is by the validation metric; a model that only gets worse comes back as it was. The
    same arguments give the same weights, unless the deadline cuts the training short.

    Args:
        model: a keras.Model of one input; it is left as it is.
        train: samples to learn from.
        validation: samples to choose by; if there are none, the training samples. Those without
            labels are labelled by the teacher.
        settings: how to train.
        teacher: a keras.Model whose outputs are learnt too, with `settings.alpha`.
        masks: 0 where a weight stays zero, by the variable's path.
        on_epoch: called after each epoch; what it raises ends the training.
        task: what the model is for; guessed from shapes and labels when None.
        unlabelled: more samples for the teacher to label, [m, ...].
        features: pairs of (layer of the model, layer of the teacher) whose feature maps shall
            look at the same places.
        loss: replaces the task's loss: (labels, outputs) -> [batch].
        score: replaces the task's validation metric: (outputs, split) -> more is better.

    Returns:
        A keras.Model, not compiled.

    Raises:
        DataError: there are no samples, or no labels and no teacher.
    """
    began = time.monotonic()
    student = _copy(model, settings.seed)
    task = task or infer_task(model.output_shape[1:], model.input_shape[1:], train.y)
    judged = _judged(validation if validation.size else train, teacher, task)
    judge = score or (lambda outputs, split: fitness(task, outputs, split))
    predict = predictor(student)
    with _batch_norm_momentum(student, settings.batch_norm_momentum):
        lesson = Lesson(task, teacher, tuple(features), loss)
        samples = gather_samples(train, unlabelled, lesson, settings)
        step = train_step(student, lesson, settings, masks or {}, samples)

        def judge_now() -> float:
            with rounded_kernels(student) if settings.rounded_kernels else nullcontext():
                return judge(predict(judged.x), judged)

        run = _Run(settings, began, judge_now, on_epoch)
        return _best_epoch(student, samples, step, run)


def _judged(split: Split, teacher: Any, task: Task) -> Split:
    """Return samples to choose by; without labels, they are labelled by what the teacher says."""
    if split.y is not None or teacher is None or task == "reconstruction" or not split.size:
        return split
    outputs = outputs_of(teacher, split.x)
    return Split(split.x, outputs if task == "regression" else predicted_classes(task, outputs))


@dataclass(frozen=True)
class _Run:
    settings: Training
    began: float  # time.monotonic()
    judge: Callable[[], float]
    on_epoch: Callable[[Epoch], None] | None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


def _best_epoch(student: Any, samples: Samples, step: Step, run: _Run) -> Any:
    """Train, and return the student with the weights of its best epoch."""
    started = run.seconds
    best, weights, best_epoch = run.judge(), student.get_weights(), 0
    judging_seconds = run.seconds - started
    for number in range(1, run.settings.epochs + 1):
        loss, finished = _epoch(samples, step, run, number, judging_seconds)
        if loss is not None:
            score = run.judge()
            if score >= best:
                best, weights, best_epoch = score, student.get_weights(), number
            _report(run, Epoch(number, loss, score, best, run.seconds))
        if not finished or number - best_epoch >= (run.settings.patience or math.inf):
            break
    student.set_weights(weights)
    return student


def _epoch(
    samples: Samples, step: Step, run: _Run, number: int, judging_seconds: float
) -> tuple[float | None, bool]:
    """Train one epoch; return its mean loss (None: no step), and whether time sufficed for it."""
    settings = run.settings
    limit = settings.deadline_seconds or math.inf
    steps = math.ceil(len(samples.x) / settings.batch_size)
    noise = np.random.default_rng([settings.seed, number, 1])
    losses: list[float] = []
    for indices in shuffled(len(samples.x), settings.batch_size, settings.seed, number):
        if run.seconds + judging_seconds > limit:
            break
        share = max((number - 1 + len(losses) / steps) / settings.epochs, run.seconds / limit)
        rate = _learning_rate(settings, share)
        losses.append(step(samples.batch(indices, settings.augmentation, noise), rate))
    mean = float(np.mean(losses)) if losses else None
    return mean, len(losses) == steps


def _learning_rate(settings: Training, share: float) -> float:
    """Return the learning rate after a `share` (0..1) of the training.

    Cosine without restarts: Loshchilov and Hutter, "SGDR", 2017, equation 5.
    """
    if settings.schedule == "constant":
        return settings.learning_rate
    return settings.learning_rate * (1 + math.cos(math.pi * min(share, 1.0))) / 2


def _report(run: _Run, epoch: Epoch) -> None:
    _log.info(
        "epoch %d of %d: loss %.4f, validation %.4f, best %.4f, %.1f s",
        epoch.number, run.settings.epochs, epoch.loss, epoch.score, epoch.best, epoch.seconds,
    )  # fmt: skip
    if run.on_epoch is not None:
        run.on_epoch(epoch)


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


@contextmanager
def _batch_norm_momentum(model: Any, limit: float) -> Iterator[None]:
    """Let batch normalization's averages follow faster for a while."""
    import keras

    layers = [
        layer
        for layer in model._flatten_layers()  # noqa: SLF001 - nested layers too
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    before = [layer.momentum for layer in layers]
    try:
        for layer in layers:
            layer.momentum = min(layer.momentum, limit)
        yield
    finally:
        for layer, momentum in zip(layers, before, strict=True):
            layer.momentum = momentum
