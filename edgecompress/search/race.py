"""Which form of a model learns best, and how: each is trained for a few epochs."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgecompress.evaluate.score import evaluate
from edgecompress.metrics import primary_metric
from edgecompress.progress import doing
from edgecompress.search.attempt import Job, metric_lost
from edgecompress.search.forms import Form
from edgecompress.search.teach import LEADING, is_near, taught, taught_rounding
from edgecompress.tflite.int4 import BITS
from edgecompress.train.settings import Training

_log = logging.getLogger(__name__)

_EPOCHS_SHARE = 1 / 15  # of the epochs of a full training
_TIME_SHARE = 2 / 15  # of the time left, for all forms once
# Kernels in 4 bits take more code and are younger than those in 8: they must win by so much, in
# points of accuracy or per cent of error.
_CLEARLY = 2.0


@dataclass(frozen=True)
class _Trained:
    form: Form
    metric: float  # on the validation split
    lost: float  # against the original

    def __str__(self) -> str:
        return f"{self.metric:.4f} by {self.form.step}"


@doing("training each form for a few epochs")
def fastest_learner(job: Job, forms: Sequence[Form], settings: Training) -> Form:
    """Train each form for a few epochs, and return the one that does best, as it then is.

    If that is too bad yet, it is trained anew with the original as a teacher who leads, and is
    taken so if that is better: the more of the original is left, the more of it can be learnt.

    Args:
        job: its validation split decides.
        forms: at least one.
        settings: how they will be trained in full.
    """
    if len(forms) == 1:
        return forms[0]
    seconds = max(1.0, _TIME_SHARE * job.seconds_left / len(forms))
    epochs = max(1, round(_EPOCHS_SHARE * settings.epochs))
    short = replace(settings, epochs=epochs, patience=None, deadline_seconds=seconds)
    runners = [_train(job, form, short) for form in forms]
    metric, _ = primary_metric(job.task)
    told = ", ".join(map(str, runners))
    best, form = min(zip(runners, forms, strict=True), key=lambda pair: _handicapped(pair[0]))
    may_be_led = 0 < short.alpha < LEADING and not form.near
    if may_be_led and best.lost > job.recipe.max_accuracy_drop:
        led = _train(job, replace(form, alpha=LEADING), short)
        told += f"; {led.metric:.4f} by {led.form.step} when the original's answers lead"
        best = min(best, led, key=lambda runner: runner.lost)
    _log.info("validation %s after %d epochs: %s", metric, epochs, told)
    why = f"{best.form.why} (validation {metric} after {epochs} epochs: {told})"
    return replace(best.form, why=why)


def _handicapped(runner: _Trained) -> float:
    return runner.lost + (_CLEARLY if runner.form.weight_bits == BITS else 0.0)


def _train(job: Job, form: Form, short: Training) -> _Trained:
    """Train a form; one of 4 bits as long again, under rounding."""
    if form.alpha is not None:
        short = replace(short, alpha=form.alpha)
    metric, _ = primary_metric(job.task)
    if not form.near:
        form = replace(form, model=taught(job, form.model, short))
    model = form.model
    if form.weight_bits == BITS:
        form = replace(form, near=form.near or is_near(job, model))
        model = taught_rounding(job, model, short, BITS).model
    reached = evaluate(model, job.validation, job.task)[metric]
    return _Trained(form, reached, metric_lost(job, reached))
