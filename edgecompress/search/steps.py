"""The steps of a run: each makes one Attempt from what was tried before."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from edgecompress.errors import ModelError, UnsupportedModelError
from edgecompress.evaluate.score import evaluate
from edgecompress.memory.verdict.fit import fit
from edgecompress.metrics import primary_metric
from edgecompress.quantize.layer_errors import layer_errors, worst_in_words
from edgecompress.quantize.post_training import quantize
from edgecompress.quantize.qat import AwareModel
from edgecompress.search.attempt import (
    Attempt,
    Candidate,
    Job,
    best_attempt,
    shortfall,
)
from edgecompress.search.forms import Form, forms_that_fit
from edgecompress.search.packing import pack_to_fit
from edgecompress.search.race import fastest_learner
from edgecompress.search.teach import taught, taught_rounding, training
from edgecompress.tflite.int4 import BITS
from edgecompress.train.checkpoint import Epoch
from edgecompress.train.settings import Training

_log = logging.getLogger(__name__)

# Of the time left, for training in float what is rounded to few bits then: that is learnt soon.
_EXACT_SHARE = 0.65


def quantize_original(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Quantize the model as it is."""
    del attempts
    return judged(job, Candidate("quantize", why, job.original, _quantized(job, job.original)))


def shrink_to_fit(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Make the model fit with fewer channels or with convolutions in two parts; then train it.

    The original teaches what is left. When nothing fits, the model that comes nearest is returned,
    untrained.
    """
    del attempts
    forms = forms_that_fit(job)
    form = fastest_learner(job, forms, training(job, 0)) if forms[0].fits else forms[0]
    epochs: list[Epoch] = []
    why = f"{why}. Taken: {form.why}"
    if form.fits and form.weight_bits == BITS:
        aware = _in_few_bits(job, form, epochs.append)
        model, tflite = aware.model, aware.tflite
    else:
        settings = training(job, 0, form.alpha)
        model = taught(job, form.model, settings, epochs.append) if form.fits else form.model
        tflite = _quantized(job, model, form.weight_bits)
    done = Candidate(form.step, why, model, tflite, form.notes, form.sensitivity)
    done = replace(done, weight_bits=form.weight_bits, alpha=form.alpha, epochs=tuple(epochs))
    return judged(job, pack_to_fit(job, done))


def _in_few_bits(job: Job, form: Form, on_epoch: Callable[[Epoch], None]) -> AwareModel:
    """Train a form in float if it is far from the original; then with the rounding to few bits."""
    model = form.model
    if not form.near:
        seconds = _EXACT_SHARE * job.seconds_left
        settings = replace(training(job, 0, form.alpha), deadline_seconds=seconds)
        model = taught(job, model, settings, on_epoch)
    return taught_rounding(job, model, training(job, 0, form.alpha), form.weight_bits, on_epoch)


def train_on(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Train the best attempt on, with the original as its teacher."""
    best = best_attempt(job, attempts)
    epochs: list[Epoch] = []
    model = taught(job, best.model, _further_training(job, attempts), epochs.append)
    return replace(measured(job, "train", why, model, best.notes), epochs=tuple(epochs))


def _further_training(job: Job, attempts: Sequence[Attempt]) -> Training:
    """Return how to train on, with the share of the teacher that the race of forms found."""
    alpha = next((attempt.alpha for attempt in attempts if attempt.alpha is not None), None)
    return training(job, len(attempts), alpha)


def train_for_int8(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Train the best attempt with the rounding of int8 in it (QAT); without, if it cannot be."""
    best = best_attempt(job, attempts)
    why = f"{why}, {largest_error(job, best)}"
    settings, epochs = _further_training(job, attempts), list[Epoch]()
    try:
        aware = taught_rounding(job, best.model, settings, best.weight_bits, epochs.append)
    except ModelError as error:
        _log.info("no quantization-aware training: %s", error)
        return train_on(job, attempts, why)
    candidate = Candidate(
        "qat", why, aware.model, aware.tflite, best.notes,
        weight_bits=best.weight_bits, epochs=tuple(epochs),
    )  # fmt: skip
    return judged(job, pack_to_fit(job, candidate))


def measured(job: Job, step: str, why: str, model: Any, notes: tuple[str, ...] = ()) -> Attempt:
    """Quantize `model`, pack it if it must be, judge its memory and measure its accuracy."""
    candidate = Candidate(step, why, model, _quantized(job, model), notes)
    return judged(job, pack_to_fit(job, candidate))


def _quantized(job: Job, model: Any, weight_bits: int = 8) -> bytes:
    return quantize(
        model,
        job.train.x,
        samples=job.recipe.calibration_samples,
        input_normalization=job.recipe.input_normalization,
        weight_bits=weight_bits,
        seed=job.recipe.seed,
    )


def judged(job: Job, candidate: Candidate) -> Attempt:
    """Judge the memory of a candidate and measure it on the validation split.

    Raises:
        UnsupportedModelError: the recipe's runtime lacks an operator of the candidate.
    """
    metric, _ = primary_metric(job.task)
    tflite = candidate.tflite
    verdict = fit(tflite, [job.board], runtime=job.runtime, optimize=job.optimize).verdicts[0]
    if not verdict.runs:
        raise UnsupportedModelError(verdict.problems[0])
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
