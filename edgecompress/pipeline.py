"""The main job: a Keras model, data and a board in; a model that fits, and firmware, out."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgecompress.board import load_board, reserving
from edgecompress.dataset import Dataset
from edgecompress.dataset.named import load_for
from edgecompress.dataset.split import arrays_of
from edgecompress.errors import AccuracyError, DataError, DoesNotFitError
from edgecompress.evaluate.guessing import guessing
from edgecompress.evaluate.pixels import resolve_pixels
from edgecompress.evaluate.score import evaluate
from edgecompress.files import refuse_existing, remove_unfinished, sha256_of
from edgecompress.firmware.sources.choice import choose
from edgecompress.graph.overflow import refuse_overflow
from edgecompress.keras_files.compiled import loss_weights
from edgecompress.keras_files.custom_objects import use_custom_objects
from edgecompress.keras_files.model import load_keras, set_seed
from edgecompress.keras_files.signature import input_shapes, output_shapes
from edgecompress.lock import alone_in
from edgecompress.metrics import allowed_fitness, fitness_of, primary_metric
from edgecompress.progress import doing
from edgecompress.recipe import Recipe
from edgecompress.report.before_and_after import outcome_html
from edgecompress.report.facts import report_facts
from edgecompress.report.final import measure_final
from edgecompress.report.write import OUTPUTS, write_run
from edgecompress.search.attempt import Attempt, Job, best_attempt
from edgecompress.search.database import open_storage
from edgecompress.search.front import Measured, attempt_figures, pick
from edgecompress.search.ladder import IN_WORDS, next_step
from edgecompress.search.steps import judged
from edgecompress.search.store import (
    forget_attempts,
    has_attempts,
    keeping,
    load_attempts,
    run_key,
    save_attempt,
    trials_place,
)
from edgecompress.search.study import forget_trials, kept_trials, load_trial
from edgecompress.train.checkpoint import Keeping
from edgecompress.train.clock import clock
from edgecompress.train.interruption import Interruption

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What a run came to. `facts` is the content of report.json."""

    best: Attempt
    attempts: tuple[Attempt, ...]
    facts: dict[str, Any]

    def _repr_html_(self) -> str:
        return outcome_html(self.facts)


def compress(
    recipe: Recipe,
    out: Path,
    *,
    force: bool = False,
    resume: bool = False,
    interruption: Interruption | None = None,
    storage: str | None = None,
) -> Outcome:
    """Compress a model for a board and write model, firmware, report and recipe to `out`.

    The validation split decides everything; the test split is opened once, for the last figures.

    Args:
        recipe: model, data, board and limits.
        out: folder to write to; attempts are kept there while the run lasts.
        force: overwrite an earlier run's results in `out`.
        resume: go on from what an interrupted run of the same recipe left in `out`, if anything;
            the time budget counts anew.
        interruption: what can ask the run to end with the best so far; a KeyboardInterrupt does.
        storage: Optuna's URL of a database that runs of the same recipe, model and data share their
            trials in, on any number of machines; None keeps the trials in `out`.

    Returns what came of it, which may be that nothing fits: see `raise_for_outcome`.

    Raises:
        EdgecompressError: the board, the model or the data cannot be used, or another run writes to
            `out`; see errors.py.
        KeyboardInterrupt: interrupted before there was a result, or more than once.
    """
    with alone_in(out):
        _make_room(out, storage, force=force, resume=resume)
        return _compressed(recipe, out, storage, interruption or Interruption(), resume=resume)


def _compressed(
    recipe: Recipe, out: Path, storage: str | None, interruption: Interruption, *, resume: bool
) -> Outcome:
    set_seed(recipe.seed)
    data, job = _prepare(recipe, keeping(out, interruption))
    inputs = [job.model_sha256, data.sha256]
    key = run_key(recipe, inputs)
    place = trials_place(out, recipe, inputs, storage)
    if not resume:
        forget_attempts(out)
        forget_trials(place)
    job = replace(job, place=place)
    attempts = _resumed(job, out, key)
    interrupted = _interrupted(job, attempts, out, key, interruption)
    candidates = (*attempt_figures(attempts), *kept_trials(place))
    best = _chosen(job, attempts, candidates)
    final = measure_final(job, attempts[0], best, data.test)
    facts = report_facts(
        job, attempts, best, final, data, interrupted=interrupted, candidates=candidates
    )
    write_run(facts, job, best, data, out)
    return Outcome(best, tuple(attempts), facts)


def _make_room(out: Path, storage: str | None, *, force: bool, resume: bool) -> None:
    """Raise, before work is done in vain, if results cannot go where they shall."""
    if not force and not (resume and has_attempts(out)):
        refuse_existing(out, OUTPUTS)
    remove_unfinished(out)
    if storage is not None:
        open_storage(storage)


def raise_for_outcome(outcome: Outcome) -> None:
    """Raise what a run that missed its goal amounts to.

    Raises:
        DoesNotFitError: the closest model is still too large for the board.
        AccuracyError: it fits, but lost more accuracy than allowed.
    """
    if not outcome.facts["fits"]:
        verdict = outcome.facts["verdict"]
        reasons = (f"- {text}" for text in (*verdict["problems"], *verdict["suggestions"]))
        raise DoesNotFitError("\n".join((f"{outcome.facts['headline']}:", *reasons)))
    if not outcome.facts["accurate"]:
        raise AccuracyError(outcome.facts["summary"])


def _interrupted(
    job: Job, attempts: list[Attempt], out: Path, key: str, interruption: Interruption
) -> bool:
    """Add attempts until there is nothing left to try; return whether that was cut short."""
    try:
        while not interruption.asked and (chosen := next_step(job, attempts)) is not None:
            step, why = chosen
            left = max(0.0, job.seconds_left)
            gone = job.recipe.time_budget_s - job.seconds_left
            name, words = Path(job.recipe.model).name, IN_WORDS[step]
            said = (
                f"step {len(attempts) + 1} of {name} ({clock(gone)} elapsed, at most {clock(left)} "
                f"left), {words}: {why}"
            )
            with doing(f"{name}: {words}", said=said):
                attempts.append(step(job, attempts, why))
            if not interruption.asked:  # else its training was cut, and is gone on with
                save_attempt(out, key, len(attempts) - 1, attempts[-1])
    except KeyboardInterrupt:
        if interruption.insistent or not attempts:
            raise
        _log.info("interrupted: ending with the best so far")
        return True
    return interruption.asked


def _chosen(job: Job, attempts: list[Attempt], candidates: Sequence[Measured]) -> Attempt:
    """Return what the recipe picks of all that was measured; a trial becomes the last attempt."""
    found = pick(job, candidates)
    if found is None or job.place is None:
        return best_attempt(job, attempts)
    by_name = {each.name: attempt for each, attempt in zip(candidates, attempts, strict=False)}
    if found.name not in by_name:
        why = f"{found.name} of the search is what the recipe picks: {job.recipe.pick}"
        attempts.append(judged(job, load_trial(job.place, found.name, why)))
    return by_name.get(found.name, attempts[-1])


def _prepare(recipe: Recipe, kept: Keeping) -> tuple[Dataset, Job]:
    """Load everything, and measure the float original on the validation split."""
    deadline = time.monotonic() + recipe.time_budget_s
    reserves = recipe.reserve_ram_bytes, recipe.reserve_flash_bytes
    board = reserving(load_board(recipe.board), *reserves)
    # Refuses before any work.
    choice = choose(board, recipe.framework, recipe.runtime, recipe.optimize)
    if recipe.custom_objects is not None:
        use_custom_objects(recipe.custom_objects)
    model_sha256, original = sha256_of(Path(recipe.model)), load_keras(Path(recipe.model))
    inputs, outputs = input_shapes(original), output_shapes(original)
    weights = loss_weights(Path(recipe.model), tuple(outputs))
    loaded = load_for(recipe.data, inputs, outputs, seed=recipe.seed, weights=weights)
    data = resolve_pixels(loaded, original, recipe.pixels)
    if data.validation.size == 0:
        data = replace(data, validation=data.train)
    typical = data.train.sample(recipe.calibration_samples, recipe.seed)
    refuse_overflow(original, arrays_of(typical.x), recipe.model)
    guess = guessing(original, data.validation, data.task)
    if guess is not None:
        raise DataError(f"{recipe.model}: {guess}; nothing was compressed")
    metric, _ = primary_metric(data.task)
    before = evaluate(original, data.validation, data.task)
    _log.info("float original: validation %s %.4f", metric, before[metric])
    return data, Job(
        recipe=recipe,
        board=board,
        original=original,
        model_sha256=model_sha256,
        train=data.train,
        validation=data.validation,
        task=data.task,
        are_images=data.pixel_range is not None,
        reference=before[metric],
        goal=allowed_fitness(data.task, fitness_of(before), recipe.max_accuracy_drop),
        deadline=deadline,
        keeping=kept,
        runtime=choice.runtime,
        optimize=choice.optimize,
    )


def _resumed(job: Job, out: Path, key: str) -> list[Attempt]:
    stored = load_attempts(out, key)
    if stored:
        _log.info("resuming after %s", ", ".join(attempt.step for attempt in stored))
    return [judged(job, candidate) for candidate in stored]
