"""The epochs of a training: the best is kept, and all of it now and then, to go on from."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgecompress.progress import doing
from edgecompress.train.batches import Samples, View, shuffled
from edgecompress.train.checkpoint import Checkpoint, Epoch, Progress, Values
from edgecompress.train.clock import clock
from edgecompress.train.interruption import Interruption
from edgecompress.train.kernel_rounding import RoundedKernel, rounded_kernels
from edgecompress.train.settings import Training
from edgecompress.train.step import Masks, Step

_log = logging.getLogger(__name__)

_SECONDS_BETWEEN_MESSAGES = 1.0  # within an epoch
_SECONDS_BETWEEN_CHECKPOINTS = 30.0  # within an epoch; after each epoch there is one anyway
# Until this share of the time is gone, the epochs alone set the learning rate: a training that
# ends in time comes to the same weights however fast the machine was.
_UNHURRIED = 0.25


@dataclass(frozen=True)
class Run:
    """A training: what does not change from step to step."""

    student: Any  # keras.Model
    samples: Samples
    view_of: Callable[[int], View]  # by epoch, from 1
    step: Step
    settings: Training
    masks_at: Callable[[int], Masks | None]  # by epoch, from 1; None: as they are
    judge: Callable[[], float]  # by the student as it is
    rounding: Sequence[RoundedKernel]  # with which it is judged, and kept
    checkpoint: Checkpoint | None
    interruption: Interruption
    limit_seconds: float  # since it began
    began: float = 0.0  # time.monotonic(), less what was trained before an interruption
    on_epoch: Callable[[Epoch], None] | None = None

    @property
    def seconds(self) -> float:
        """Seconds trained so far."""
        return time.monotonic() - self.began

    def scored(self) -> tuple[float, Values]:
        """Return the student's validation score, and its weights."""
        with rounded_kernels(self.rounding):
            return self.judge(), self.student.get_weights()

    def keep(self, progress: Progress, best: Values) -> None:
        """Write a checkpoint, if that is asked for."""
        if self.checkpoint is not None:
            values = [variable.numpy() for variable in self.step.variables]
            self.checkpoint.save(replace(progress, seconds=self.seconds), values, best)


def train_epochs(run: Run) -> Any:
    """Train, or train on from the checkpoint, and return the student as of its best epoch.

    Raises:
        KeyboardInterrupt: the run was asked to end before this training began.
    """
    run, progress, best = _resumed(run) or _begun(run)
    with run.interruption.awaited():
        best = _trained(run, progress, best)
    run.student.set_weights(best)
    return run.student


@doing("training")
def _trained(run: Run, progress: Progress, best: Values) -> Values:
    """Train to the end, or until asked to end; return the best weights."""
    while not progress.finished:
        if not progress.losses:
            progress = _masked(run, progress)
        progress, complete = _steps(run, progress, best)
        if not complete and run.interruption.asked:
            _log.info("interrupted: ending with the best so far; again to stop at once")
            run.keep(progress, best)  # before judging: what is gone on with is not cut
            return _judged(run, progress, best)[1]
        progress, best = _judged(run, progress, best)
        progress = replace(progress, finished=not complete or _is_over(progress, run.settings))
        progress = replace(progress, epoch=progress.epoch + 1, losses=())
        run.keep(progress, best)
    if progress.best_epoch:
        _log.info("best of training: validation %.4f, epoch %d", progress.best, progress.best_epoch)
    else:
        _log.info("training made it no better than it was: validation %.4f", progress.best)
    return best


def _begun(run: Run) -> tuple[Run, Progress, Values]:
    if run.interruption.asked:
        raise KeyboardInterrupt
    started = run.seconds
    score, best = run.scored()
    progress = Progress(
        best=score,
        judging_seconds=run.seconds - started,
        finished=run.settings.epochs < 1,
    )
    return run, progress, best


def _resumed(run: Run) -> tuple[Run, Progress, Values] | None:
    kept = run.checkpoint.load() if run.checkpoint is not None else None
    if kept is None:
        return None
    progress, values, best = kept
    for variable, value in zip(run.step.variables, values, strict=True):
        variable.assign(value)
    if not progress.finished:
        _log.info("going on with epoch %d/%d", progress.epoch, run.settings.epochs)
    if run.on_epoch is not None:
        for epoch in progress.epochs:
            run.on_epoch(epoch)
    spent = progress.seconds
    run = replace(run, began=run.began - spent, limit_seconds=run.limit_seconds + spent)
    return run, progress, best


def _steps(run: Run, progress: Progress, best: Values) -> tuple[Progress, bool]:
    """Train the rest of an epoch; return also whether time sufficed for it."""
    settings, size = run.settings, run.samples.size
    count = math.ceil(size / settings.batch_size)
    kept_at = told_at = run.seconds
    view = run.view_of(progress.epoch)
    batches = list(shuffled(size, settings.batch_size, settings.seed, progress.epoch))
    for number in range(len(progress.losses), count):
        if run.seconds + progress.judging_seconds > run.limit_seconds or run.interruption.asked:
            return progress, False
        if run.seconds - kept_at > _SECONDS_BETWEEN_CHECKPOINTS:
            run.keep(progress, best)
            kept_at = run.seconds
        done = (progress.epoch - 1 + number / count) / settings.epochs
        if run.seconds - told_at > _SECONDS_BETWEEN_MESSAGES:
            _tell(run, progress, number, count, _seconds_left(run, done))
            told_at = run.seconds
        batch = run.samples.batch(batches[number], view)
        loss = run.step.run(batch, _learning_rate(run, done))
        progress = replace(progress, losses=(*progress.losses, loss))
    return progress, True


def _masked(run: Run, progress: Progress) -> Progress:
    """Hold more weights at zero, if it is time; what was better with fewer zeros counts no more."""
    masks = run.masks_at(progress.epoch) if progress.epoch > 1 else None  # it began with the first
    if masks is None:
        return progress
    run.step.hold(masks)
    return replace(progress, masked_epoch=progress.epoch)


def _judged(run: Run, progress: Progress, best: Values) -> tuple[Progress, Values]:
    """Judge the student as it is now, unless nothing has changed, and report the epoch."""
    if not progress.losses:
        return progress, best
    score, now = run.scored()
    masked = progress.masked_epoch == progress.epoch
    if score > progress.best or masked:
        progress = replace(progress, better_epoch=progress.epoch)
    if score >= progress.best or masked:
        best = now
        progress = replace(progress, best=score, best_epoch=progress.epoch)
    loss = float(np.mean(progress.losses))
    left = _seconds_left(run, progress.epoch / run.settings.epochs)
    epoch = Epoch(progress.epoch, loss, score, progress.best, run.seconds, left)
    _report(run, epoch)
    return replace(progress, epochs=(*progress.epochs, epoch)), best


def _is_over(progress: Progress, settings: Training) -> bool:
    """Say whether the epoch that was trained is the last."""
    waited = progress.epoch - progress.better_epoch
    impatient = waited >= (settings.patience or math.inf) and progress.best >= settings.enough
    return impatient or progress.epoch >= settings.epochs


def _seconds_left(run: Run, done: float) -> float:
    """Estimate the rest of a training by what the share `done` (0..1) of its epochs took."""
    by_epochs = run.seconds * (1 - done) / done if done else math.inf
    return max(0.0, min(by_epochs, run.limit_seconds - run.seconds))


def _learning_rate(run: Run, done: float) -> float:
    """Return the learning rate after the share `done` (0..1) of the epochs.

    Cosine without restarts: Loshchilov and Hutter, "SGDR", 2017, equation 5. Where time is short,
    the share of it that is gone takes the place of the epochs'.
    """
    settings = run.settings
    if settings.schedule == "constant":
        return settings.learning_rate
    gone = (run.seconds / run.limit_seconds - _UNHURRIED) / (1 - _UNHURRIED)
    return settings.learning_rate * (1 + math.cos(math.pi * min(max(done, gone), 1.0))) / 2


def _tell(run: Run, progress: Progress, step: int, steps: int, seconds_left: float) -> None:
    left = "" if math.isinf(seconds_left) else f", estimated {clock(seconds_left)} left"
    _log.debug(
        "epoch %d/%d, step %d/%d: best %.4f, %s elapsed%s",
        progress.epoch, run.settings.epochs, step, steps, progress.best, clock(run.seconds), left,
        extra={"passing": True},
    )  # fmt: skip


def _report(run: Run, epoch: Epoch) -> None:
    _log.info(
        "epoch %d/%d: loss %.4f, validation %.4f, best %.4f, %s elapsed, estimated %s left",
        epoch.number, run.settings.epochs, epoch.loss, epoch.score, epoch.best,
        clock(epoch.seconds), clock(epoch.seconds_left),
        extra={"passing": True},
    )  # fmt: skip
    if run.on_epoch is not None:
        run.on_epoch(epoch)
