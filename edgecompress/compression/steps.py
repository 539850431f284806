"""The steps of a run: each makes one Attempt from what was tried before."""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from edgecompress.compression.attempt import Attempt, Candidate, Job, best_attempt, shortfall
from edgecompress.compression.forms import fastest_learner, forms_that_fit, taught
from edgecompress.compression.layer_errors import layer_errors, worst_in_words
from edgecompress.compression.qat import quantize_aware
from edgecompress.compression.quantize import quantize
from edgecompress.compression.training import Training
from edgecompress.errors import ModelError
from edgecompress.evaluate import evaluate
from edgecompress.memory.verdict import fit
from edgecompress.metrics import primary_metric

_log = logging.getLogger(__name__)

# Share of the time left that a training step may take: the rest is for quantizing, measuring, and a
# short training with rounding. One long training comes further than two that share its time.
_TRAINING_SHARE = 0.7
# Of the epochs; it counts once the goal is reached. The last epochs gain most, at low rates.
_PATIENCE_SHARE = 1 / 3
# What is trained already is trained on at a lower rate: the full one would first undo it.
_FURTHER_RATE = 1 / 3
_QAT_LEARNING_RATE = 1e-3  # relative to each weight's size, see quantize_aware


def quantize_original(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Quantize the model as it is."""
    del attempts
    return measured(job, "quantize", why, job.original)


def shrink_to_fit(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Make the model fit with fewer channels or with convolutions in two parts; then train it.

    The original teaches what is left. When nothing fits, the model that comes nearest is returned,
    untrained.
    """
    del attempts
    forms = forms_that_fit(job)
    form = fastest_learner(job, forms, training(job, 0)) if forms[0].fits else forms[0]
    model = train(job, form.model) if form.fits else form.model
    attempt = measured(job, form.step, f"{why}. Taken: {form.why}", model, form.notes)
    return replace(attempt, sensitivity=form.sensitivity)


def train_on(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Train the best attempt on, with the original as its teacher."""
    best = best_attempt(job, attempts)
    return measured(job, "train", why, train(job, best.model, len(attempts)), best.notes)


def train_for_int8(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Train the best attempt with the rounding of int8 in it (QAT); without, if it cannot be."""
    best = best_attempt(job, attempts)
    why = f"{why}, {largest_error(job, best)}"
    settings = replace(training(job, len(attempts)), learning_rate=_QAT_LEARNING_RATE)
    try:
        aware = quantize_aware(
            best.model,
            job.train,
            job.validation,
            settings,
            samples=job.recipe.calibration_samples,
            teacher=job.original,
            task=job.task,
            keeping=job.keeping,
        )
    except ModelError as error:
        _log.info("no quantization-aware training: %s", error)
        return train_on(job, attempts, why)
    return judged(job, Candidate("qat", why, aware.model, aware.tflite, best.notes))


def train(job: Job, model: Any, round_number: int = 0) -> Any:
    """Fine-tune `model` as the recipe says; see `training`."""
    return taught(job, model, training(job, round_number))


def training(job: Job, round_number: int) -> Training:
    """Return how the recipe wants a model trained: what was trained before, at a lower rate."""
    recipe = job.recipe
    return Training(
        epochs=recipe.max_epochs,
        learning_rate=recipe.learning_rate * (_FURTHER_RATE if round_number else 1),
        batch_size=recipe.batch_size,
        patience=math.ceil(_PATIENCE_SHARE * recipe.max_epochs),
        enough=job.goal,
        augmentation=job.augmentation,
        alpha=recipe.alpha,
        temperature=recipe.temperature,
        deadline_seconds=max(1.0, _TRAINING_SHARE * job.seconds_left),
        seed=recipe.seed + round_number,
    )


def measured(job: Job, step: str, why: str, model: Any, notes: tuple[str, ...] = ()) -> Attempt:
    """Quantize `model`, judge its memory and measure it on the validation split."""
    recipe = job.recipe
    tflite = quantize(model, job.train.x, samples=recipe.calibration_samples, seed=recipe.seed)
    return judged(job, Candidate(step, why, model, tflite, notes))


def judged(job: Job, candidate: Candidate) -> Attempt:
    """Judge the memory of a candidate and measure it on the validation split."""
    metric, _ = primary_metric(job.task)
    tflite = candidate.tflite
    verdict = fit(tflite, [job.board]).verdicts[0]
    attempt = Attempt(
        **vars(candidate),
        verdict=verdict,
        shortfall_bytes=shortfall(verdict, len(tflite), job.recipe),
        float_metric=evaluate(candidate.model, job.validation, job.task)[metric],
        int8_metric=evaluate(tflite, job.validation, job.task)[metric],
    )
    _log.info(
        "%s: %s, %d bytes of model, %d of arena, validation %s %.4f in float and %.4f in int8",
        attempt.step, "fits" if attempt.fits else "does not fit", len(tflite),
        verdict.arena.min_bytes, metric, attempt.float_metric, attempt.int8_metric,
    )  # fmt: skip
    return attempt


def largest_error(job: Job, attempt: Attempt) -> str:
    """Say which layer's int8 output is farthest from float; see `layer_errors`."""
    seed = job.recipe.seed
    return worst_in_words(layer_errors(attempt.model, attempt.tflite, job.validation.x, seed=seed))
