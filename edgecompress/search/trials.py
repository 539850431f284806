"""Search: cuts and training settings drawn by what earlier trials came to.

A trial draws how much more or less each group is worth than its scores say. The widths are then the
most valuable set that fits by the memory model, so that no time goes into training what does not
fit. The int8 accuracy after a short training is what the trial scores.
"""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from edgecompress.prune.sensitivity import Sensitivity, by_sensitivity
from edgecompress.search.attempt import Attempt, Job, metric_lost
from edgecompress.search.choice import Choice, draw, drawn, greedy
from edgecompress.search.front import QUANTITIES, Measured, figures
from edgecompress.search.narrow import Cuts, Narrowed, cut_to_fit, learn_cuts, weigh
from edgecompress.search.place import Place
from edgecompress.search.steps import measured, train_on
from edgecompress.search.study import finished, keep_trial, number_of, run_trials
from edgecompress.search.teach import taught, training
from edgecompress.train.checkpoint import Epoch
from edgecompress.train.fine_tune import finetune
from edgecompress.train.settings import Training

if TYPE_CHECKING:
    import optuna

_log = logging.getLogger(__name__)

_EPOCHS_SHARE = 1 / 10  # a trial's epochs, of those of a full training
_TRIALS = 100  # where the recipe does not say
_TIME_SHARE = 0.5  # of the time left; the rest is for training the best trial in full
_FIRST_SHARES = (1.0, 0.7, 0.5, 0.35)  # see Choice.share


@dataclass(frozen=True)
class _Search:
    """What stays the same for all trials."""

    job: Job
    place: Place
    cuts: Cuts
    rows: tuple[Sensitivity, ...]
    settings: Training  # of a trial, but for what it draws
    original: Measured  # in int8


def search_to_fit(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Search for a better cut and better settings, and train the best trial in full.

    The first trial is what `pruned_to_fit` does, with a short training. Where that has been trained
    in full already, the best of the others is. If no trial ends in time, the best attempt is
    trained on.
    """
    if job.place is None:
        return train_on(job, attempts, why)
    search = _begun(job, job.place, attempts)
    first = greedy(job.recipe, search.cuts.shapes.full)
    shares = (1.0,) if job.recipe.pick == "accuracy" else _FIRST_SHARES
    study = run_trials(
        job.place,
        partial(_score, search),
        [replace(first, share=share).parameters for share in shares],
        count=_TRIALS if job.recipe.trials is None else job.recipe.trials,
        until=time.monotonic() + _TIME_SHARE * job.seconds_left,
        seed=job.recipe.seed,
        prunes=job.recipe.pick == "accuracy",
    )
    pruned = any(attempt.step == "prune" for attempt in attempts)
    best = _best(study, [first.parameters] if pruned else [])
    if best is None:
        return train_on(job, attempts, f"{why}; the search found nothing in the time there was")
    return _in_full(
        search,
        drawn(best.params),
        f"{why}; trial {number_of(study, job.place, best.number)} was the best",
    )


def _begun(job: Job, place: Place, attempts: Sequence[Attempt]) -> _Search:
    cuts = learn_cuts(job)
    rows = next((attempt.sensitivity for attempt in attempts if attempt.sensitivity), ())
    settings = training(job, 0)
    epochs = math.ceil(_EPOCHS_SHARE * settings.epochs)
    return _Search(
        job=job,
        place=place,
        cuts=cuts,
        rows=rows or weigh(job, cuts, cuts.score(job, job.recipe.score)),
        settings=replace(settings, epochs=epochs, patience=None, deadline_seconds=None),
        original=figures("original", attempts[0]),
    )


def _score(search: _Search, trial: "optuna.Trial") -> float:
    """Run a trial and return its score.

    Raises:
        optuna.TrialPruned: nothing fits, or it learns more slowly than most.
    """
    import optuna

    job = search.job
    choice = draw(trial, job.recipe, search.cuts.shapes.full)
    narrowed = _narrowed(search, choice)
    if not narrowed.fits:
        raise optuna.TrialPruned

    def report(epoch: Epoch) -> None:
        trial.report(epoch.score, epoch.number)
        if trial.should_prune():
            raise optuna.TrialPruned

    settings = replace(
        search.settings,
        learning_rate=choice.learning_rate,
        alpha=choice.alpha,
        temperature=choice.temperature,
    )
    model = finetune(
        narrowed.model, job.train, job.validation, settings,
        teacher=job.original, task=job.task, on_epoch=report,
    )  # fmt: skip
    name = f"trial-{number_of(trial.study, search.place, trial.number)}"
    attempt = measured(job, name, "", model, search.cuts.notes)
    found = figures(name, attempt)
    keep_trial(search.place, found, attempt)
    return _value(search, found)


def _narrowed(search: _Search, choice: Choice) -> Narrowed:
    """Cut the original as a trial wants it."""
    scores = search.cuts.score(search.job, choice.score)
    values = {
        name: [math.exp(choice.log_factors[name]) * worth for worth in worths]
        for name, worths in by_sensitivity(scores, search.rows).items()
    }
    limited = _limited(search, choice.share)
    return cut_to_fit(limited, search.cuts, scores, values, floor=choice.floor)


def _limited(search: _Search, share: float) -> Job:
    """Return the job with tighter limits: a share of what the recipe's `pick` wants little of."""
    recipe, original = search.job.recipe, search.original
    if recipe.pick in ("size", "macs"):
        limit = int(share * original.model_bytes)
        recipe = replace(recipe, max_model_bytes=min(limit, recipe.max_model_bytes or limit))
    if recipe.pick in ("arena", "macs"):
        limit = int(share * original.arena_bytes)
        recipe = replace(recipe, max_arena_bytes=min(limit, recipe.max_arena_bytes or limit))
    return replace(search.job, recipe=recipe)


def _value(search: _Search, found: Measured) -> float:
    """Return minus the points lost; or, while these are allowed, minus the share of the size."""
    lost = metric_lost(search.job, found.int8_metric)
    quantity = QUANTITIES.get(search.job.recipe.pick)
    if quantity is None:
        return -lost
    excess = lost - search.job.recipe.max_accuracy_drop
    if excess > 0:
        return -1.0 - excess
    return -float(getattr(found, quantity) / getattr(search.original, quantity))


def _best(
    study: "optuna.Study", but: Sequence[dict[str, object]]
) -> "optuna.trial.FrozenTrial | None":
    scored = [t for t in finished(study) if t.value is not None and t.params not in but]
    return max(scored, key=lambda trial: (trial.value, -trial.number), default=None)


def _in_full(search: _Search, choice: Choice, why: str) -> Attempt:
    job = search.job
    wanted = replace(job, recipe=choice.applied(job.recipe))
    epochs: list[Epoch] = []
    model = taught(wanted, _narrowed(search, choice).model, training(wanted, 0), epochs.append)
    attempt = measured(job, "search", why, model, search.cuts.notes)
    return replace(attempt, sensitivity=search.rows, epochs=tuple(epochs))
