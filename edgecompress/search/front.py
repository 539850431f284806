"""What was measured, held against each other: the Pareto front, and the pick from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgecompress.search.attempt import Attempt, Job, metric_lost
from edgecompress.tflite.macs import graph_macs
from edgecompress.tflite.reader import read_model

# What the recipe's `pick` may want least of -> its figure.
QUANTITIES = {"size": "model_bytes", "arena": "arena_bytes", "macs": "macs"}


@dataclass(frozen=True)
class Measured:
    """The figures of a candidate: accuracy on the validation split, the rest on the board."""

    name: str  # "1-prune", "trial-3"
    fits: bool
    float_metric: float
    int8_metric: float
    model_bytes: int
    arena_bytes: int
    flash_bytes: int
    macs: int
    latency_ms: float | None  # estimated; None where there is no evidence for the board
    ram_bytes: int | None = None  # None: kept by a release that did not count it


def figures(name: str, attempt: Attempt) -> Measured:
    """Return the figures of an attempt."""
    verdict = attempt.verdict
    return Measured(
        name=name,
        fits=attempt.fits,
        float_metric=attempt.float_metric,
        int8_metric=attempt.int8_metric,
        model_bytes=len(attempt.tflite),
        arena_bytes=verdict.arena.min_bytes,
        flash_bytes=verdict.flash.used_bytes,
        macs=graph_macs(read_model(attempt.tflite)),
        latency_ms=verdict.latency.milliseconds if verdict.latency else None,
        ram_bytes=verdict.ram.used_bytes,
    )


def attempt_figures(attempts: Sequence[Attempt]) -> tuple[Measured, ...]:
    """Return the figures of a run's attempts, in their order."""
    return tuple(figures(f"{i}-{attempt.step}", attempt) for i, attempt in enumerate(attempts))


def pareto_front(job: Job, candidates: Sequence[Measured]) -> tuple[Measured, ...]:
    """Return the candidates that fit and that no other one betters.

    One betters another if it is no worse in int8 accuracy, model bytes, arena bytes and
    multiply-accumulates, and better in one of them.
    """
    fitting = [candidate for candidate in candidates if candidate.fits]
    costs = [_costs(job, candidate) for candidate in fitting]
    return tuple(
        candidate
        for candidate, own in zip(fitting, costs, strict=True)
        if not any(_betters(other, own) for other in costs)
    )


def pick(job: Job, candidates: Sequence[Measured]) -> Measured | None:
    """Return the candidate of the front that the recipe's `pick` asks for, None if nothing fits.

    "accuracy" is the most accurate; "size", "arena" and "macs" are the smallest by that quantity
    of those within `max_accuracy_drop` on the validation split, or else the most accurate. Of
    equals, the one that takes less.
    """
    front = pareto_front(job, candidates)
    quantity = QUANTITIES.get(job.recipe.pick)
    accurate = [
        candidate
        for candidate in front
        if metric_lost(job, candidate.int8_metric) <= job.recipe.max_accuracy_drop
    ]
    if quantity is None or not accurate:
        return min(front, key=lambda candidate: _costs(job, candidate), default=None)
    return min(accurate, key=lambda c: (getattr(c, quantity), *_costs(job, c)))


def _costs(job: Job, candidate: Measured) -> tuple[float, ...]:
    lost = metric_lost(job, candidate.int8_metric)
    return lost, candidate.model_bytes, candidate.arena_bytes, candidate.macs


def _betters(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
