"""What to try next: the least intrusive step that can still reach the goal, and why."""

from collections.abc import Callable, Sequence

from edgecompress.compression.attempt import (
    Attempt,
    Job,
    best_attempt,
    metric_lost,
    points_lost,
)
from edgecompress.compression.steps import (
    prune_to_fit,
    quantize_original,
    train_for_int8,
    train_on,
)

Step = Callable[[Job, Sequence[Attempt], str], Attempt]

_MAX_TRAININGS = 4
# Share of the loss that int8 rounding must take before training is made aware of it.
_ROUNDING_SHARE = 0.5
# A step that trains is begun only while this share of the time budget is left: with less, there
# is no time to train and to measure what came of it.
_SHARE_TO_BEGIN = 0.15


def next_step(job: Job, attempts: Sequence[Attempt]) -> tuple[Step, str] | None:
    """Return the next step and the reason for it, or None when there is nothing left to try."""
    if not attempts:
        return quantize_original, "int8 is what the board runs; nothing else is done unless needed"
    best = best_attempt(job, attempts)
    reached = best.fits and metric_lost(job, best.int8_metric) <= job.recipe.max_accuracy_drop
    if reached or job.seconds_left < _SHARE_TO_BEGIN * job.recipe.time_budget_s:
        return None
    if best.fits:
        return _retraining(job, attempts, best)
    pruned = any(attempt.step == "prune" for attempt in attempts)
    return None if pruned else (prune_to_fit, _too_large(job, best))


def _retraining(job: Job, attempts: Sequence[Attempt], best: Attempt) -> tuple[Step, str] | None:
    trainings = [attempt for attempt in attempts if attempt.step in ("train", "qat")]
    in_vain = len(trainings) > 1 and all(attempt is not best for attempt in trainings[-2:])
    if in_vain or len(trainings) >= _MAX_TRAININGS:
        return None
    lost = metric_lost(job, best.int8_metric)
    why = (
        f"it fits, but {lost:.2f} points are lost on the validation split; "
        f"{job.recipe.max_accuracy_drop:g} are allowed"
    )
    rounding = points_lost(job.task, best.float_metric, best.int8_metric)
    if rounding > _ROUNDING_SHARE * lost and best.step != "qat":
        return train_for_int8, f"{why}. int8 rounding takes {rounding:.2f} of them"
    return train_on, why


def _too_large(job: Job, best: Attempt) -> str:
    problems = "; ".join(best.verdict.problems) or "it exceeds the limits of the recipe"
    return f"{best.shortfall_bytes:,} bytes too large for {job.board.name}: {problems}"
