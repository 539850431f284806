"""One way to compress the model, measured: what the steps make and the decisions look at."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from edgecompress.board import Board
from edgecompress.dataset import Split, Task
from edgecompress.memory.c_costs import Optimize
from edgecompress.memory.verdict.judge import Runtime, Verdict
from edgecompress.metrics import points_lost
from edgecompress.prune.sensitivity import Sensitivity
from edgecompress.recipe import Recipe
from edgecompress.search.place import Place
from edgecompress.tflite.int4 import BITS
from edgecompress.train.augmentation import choose_augmentation
from edgecompress.train.checkpoint import Epoch, Keeping
from edgecompress.train.settings import Augmentation


@dataclass(frozen=True)
class Job:
    """What stays the same through a run. It has no test split: nothing can be chosen by it."""

    recipe: Recipe
    board: Board
    original: Any  # keras.Model, float32
    model_sha256: str  # of the file that it was loaded from, which may be another by now
    train: Split
    validation: Split
    task: Task
    are_images: bool
    reference: float  # the original's primary metric on the validation split, in float32
    goal: float  # `metrics.fitness` there that loses as much as the recipe allows
    deadline: float  # time.monotonic() at which the time budget ends
    keeping: Keeping | None = None  # where trainings are kept while they last
    place: Place | None = None  # where the trials of a search are kept; None: there is no search
    runtime: Runtime = "tflm"  # what memory is judged with, and firmware written for
    optimize: Optimize = "speed"  # of the C runtime
    weight_bits: int = 8  # what `fits` is judged for: 4 with large kernels in 4 bits

    @cached_property
    def augmentation(self) -> Augmentation:
        """Which random changes training images bear."""
        if not self.are_images:
            return "none"
        return choose_augmentation(self.original, self.train, self.task, self.recipe.seed)

    @property
    def seconds_left(self) -> float:
        """Seconds until the time budget ends; negative after it."""
        return self.deadline - time.monotonic()


@dataclass(frozen=True)
class Candidate:
    """A compressed model, what was done to get it, and why."""

    step: str
    why: str
    model: Any  # keras.Model, float32
    tflite: bytes = field(repr=False)
    notes: tuple[str, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()  # of the original's groups, if they were cut
    weight_bits: int = 8  # 4: large kernels in 4 bits
    alpha: float | None = None  # share of the teacher it learnt best with; None: the recipe's
    epochs: tuple[Epoch, ...] = ()  # of the training that made it, but the race of forms


@dataclass(frozen=True)
class Attempt(Candidate):
    """A candidate with its memory judged and its accuracy measured."""

    verdict: Verdict = field(kw_only=True)
    shortfall_bytes: int = field(kw_only=True)  # see `shortfall`; at most 0 when it fits
    float_metric: float = field(kw_only=True)  # primary metric on the validation split, float32
    int8_metric: float = field(kw_only=True)  # the same of the .tflite, on the TFLM interpreter

    @property
    def fits(self) -> bool:
        """Whether it fits the board and the tighter limits of the recipe."""
        return self.shortfall_bytes <= 0


def shortfall(verdict: Verdict, model_bytes: int, recipe: Recipe) -> int:
    """Return the bytes missing where most are missing: flash, RAM, or a limit of the recipe.

    It is at most 0 when the model fits; -n then means that n bytes are left everywhere.
    """
    over = [-verdict.flash.headroom_bytes, -verdict.ram.arena.headroom_bytes]
    if verdict.ram.main is not None:
        over.append(-verdict.ram.main.headroom_bytes)
    if recipe.max_model_bytes is not None:
        over.append(model_bytes - recipe.max_model_bytes)
    if recipe.max_arena_bytes is not None:
        over.append(verdict.arena.min_bytes - recipe.max_arena_bytes)
    return max(over)


def best_attempt(job: Job, attempts: Sequence[Attempt]) -> Attempt:
    """Return the most accurate attempt that fits, or the one that lacks the fewest bytes."""

    def rank(attempt: Attempt) -> tuple[int, float]:
        return max(0, attempt.shortfall_bytes), metric_lost(job, attempt.int8_metric)

    return min(attempts, key=rank)


def is_aware(attempt: Candidate) -> bool:
    """Say whether it was last trained with the rounding of its integers."""
    return attempt.step == "qat" or attempt.weight_bits == BITS


def metric_lost(job: Job, metric: float) -> float:
    """Return how much worse than the float original `metric` is on the validation split."""
    return points_lost(job.task, job.reference, metric)
