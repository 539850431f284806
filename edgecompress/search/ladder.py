"""What to try next: the least intrusive step that can still reach the goal, and why."""

from collections.abc import Callable, Mapping, Sequence

from edgecompress.metrics import points_lost, unit_of_loss
from edgecompress.search.attempt import Attempt, Job, best_attempt, is_aware, metric_lost
from edgecompress.search.forms import SHRINKING
from edgecompress.search.packing import may_be_packed, pack_original
from edgecompress.search.remedy import remedy_rounding
from edgecompress.search.steps import (
    quantize_original,
    shrink_to_fit,
    train_for_int8,
    train_on,
)
from edgecompress.search.trials import search_to_fit
from edgecompress.tflite.int4 import BITS

Step = Callable[[Job, Sequence[Attempt], str], Attempt]

IN_WORDS: Mapping[Step, str] = {
    quantize_original: "quantize",
    pack_original: "pack",
    shrink_to_fit: "make it smaller and train it",
    remedy_rounding: "choose what loses least to rounding",
    train_on: "train on",
    train_for_int8: "train with the rounding of int8",
    search_to_fit: "search for a better cut",
}

_MAX_TRAININGS = 4
# Share of the loss that int8 rounding must take before remedies without training are tried, and
# before training is made aware of it; points of accuracy are notable whatever share they are.
_NOTABLE_SHARE = 0.2
_ROUNDING_SHARE = 0.5
_NOTABLE_POINTS = 0.3
# A step that trains is begun only while this share of the time budget is left: with less, there
# is no time to train and to measure what came of it.
_SHARE_TO_BEGIN = 0.15


def next_step(job: Job, attempts: Sequence[Attempt]) -> tuple[Step, str] | None:
    """Return the next step and the reason for it, or None when there is nothing left to try."""
    if not attempts:
        return quantize_original, "int8 is what the board runs; nothing else is done unless needed"
    best = best_attempt(job, attempts)
    reached = best.fits and metric_lost(job, best.int8_metric) <= job.recipe.max_accuracy_drop
    too_late = job.seconds_left < _SHARE_TO_BEGIN * job.recipe.time_budget_s
    if too_late or attempts[0].verdict.pruning_cannot_help:
        return None  # of the latter the verdict's suggestions say what costs so much
    if not best.fits:
        return _shrinking(job, attempts, best)
    if _search_is_wanted(job) and _may_search(job, attempts):
        return search_to_fit, "the recipe asks for a search"
    if reached:
        return None
    return _improving(job, attempts, best) or _last_resort(job, attempts)


def _shrinking(job: Job, attempts: Sequence[Attempt], best: Attempt) -> tuple[Step, str] | None:
    """Pack first, which costs nothing; then cut."""
    if _tried(SHRINKING, attempts):
        return None
    packs = not _tried(("pack",), attempts) and may_be_packed(job, attempts[0])
    return pack_original if packs else shrink_to_fit, _too_large(job, best)


def _search_is_wanted(job: Job) -> bool:
    """Say whether the recipe asks for a search: by its trials, or by picking the smallest."""
    recipe = job.recipe
    return bool(recipe.trials) or (recipe.trials is None and recipe.pick != "accuracy")


def _last_resort(job: Job, attempts: Sequence[Attempt]) -> tuple[Step, str] | None:
    """Search for another cut where training did not win back what the first one cost.

    The search varies channels only: where convolutions in two parts learnt better, it is no help.
    """
    if job.recipe.trials == 0 or not _tried(("prune",), attempts) or not _may_search(job, attempts):
        return None
    return search_to_fit, "training won back too little of what pruning cost"


def _may_search(job: Job, attempts: Sequence[Attempt]) -> bool:
    return job.place is not None and not _tried(("search",), attempts)


def _tried(steps: Sequence[str], attempts: Sequence[Attempt]) -> bool:
    return any(attempt.step in steps for attempt in attempts)


def _improving(job: Job, attempts: Sequence[Attempt], best: Attempt) -> tuple[Step, str] | None:
    """Take back what int8 rounding costs, if that is notable; else, or if it was tried, train."""
    lost = metric_lost(job, best.int8_metric)
    why = (
        f"it fits, but loses {lost:.2f} {unit_of_loss(job.task)} on the validation split; "
        f"{job.recipe.max_accuracy_drop:g} may be lost"
    )
    rounding = points_lost(job.task, best.float_metric, best.int8_metric)
    many = unit_of_loss(job.task) == "points" and rounding >= _NOTABLE_POINTS
    aware = is_aware(best)
    if many or rounding > _NOTABLE_SHARE * lost:
        why = f"{why}. int8 rounding takes {rounding:.2f} of that"
        since = attempts[_position(attempts, best) :]
        if not aware and all(attempt.step != "remedy" for attempt in since):
            return remedy_rounding, why
    if _trained_enough(attempts, best):
        return None
    if best.weight_bits == BITS or ((many or rounding > _ROUNDING_SHARE * lost) and not aware):
        return train_for_int8, why
    return train_on, why


def _trained_enough(attempts: Sequence[Attempt], best: Attempt) -> bool:
    """Say whether the last two trainings were in vain, or there were many."""
    trainings = [
        number for number, attempt in enumerate(attempts) if attempt.step in ("train", "qat")
    ]
    in_vain = len(trainings) > 1 and _position(attempts, best) < trainings[-2]
    return in_vain or len(trainings) >= _MAX_TRAININGS


def _position(attempts: Sequence[Attempt], wanted: Attempt) -> int:
    return next(number for number, attempt in enumerate(attempts) if attempt is wanted)


def _too_large(job: Job, best: Attempt) -> str:
    problems = "; ".join(best.verdict.problems) or "it exceeds the limits of the recipe"
    return f"{best.shortfall_bytes:,} bytes too large for {job.board.name}: {problems}"
