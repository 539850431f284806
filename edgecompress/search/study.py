"""The trials of a search, in a database that a later run or another machine goes on with.

Optuna holds what was drawn and what it scored; the models of this run's own trials lie beside it.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from edgecompress.files import write_file
from edgecompress.keras_files.model import load_keras, save_keras
from edgecompress.progress import doing
from edgecompress.search.attempt import Candidate
from edgecompress.search.contact import patient
from edgecompress.search.database import beginning_alone, contact_with, open_storage
from edgecompress.search.front import Measured
from edgecompress.search.place import Place
from edgecompress.search.sharing import share_trial

if TYPE_CHECKING:
    import optuna

_log = logging.getLogger(__name__)

# Trials that the median pruner, and TPE, watch before they judge.
_STARTUP_TRIALS = 5
_PRIME = 1_000_003  # so that runs of other seeds draw other trials


@doing("trying cuts and training settings")
def run_trials(
    place: Place,
    objective: Callable[["optuna.Trial"], float],
    first: Sequence[Mapping[str, Any]],
    *,
    count: int,
    until: float,
    seed: int,
    prunes: bool,
) -> "optuna.Study":
    """Run trials until the study holds `count` or the next would not end in time.

    Given the seed, a trial depends on the finished ones alone: a run that was interrupted draws
    the same trials as one that was not. Where a database is shared, the seed has no say: machines
    that begin together are not to draw the same.

    Raises what `open_storage` does, and ToolError where the database stays away.

    Args:
        place: of the study; trials that it holds are not run again.
        objective: runs one trial and returns its score, more is better.
        first: parameters of the trials to begin with.
        count: finished trials, of all machines together.
        until: time.monotonic() by which the last trial should have ended.
        seed: of what is drawn.
        prunes: whether trials that score below the median after an epoch are ended.
    """
    import optuna

    begin = _begun if place.storage is None else patient(contact_with(place), _begun)
    study = begin(place, first, prunes=prunes)
    longest_seconds = 0.0
    while len(finished(study)) < count and time.monotonic() + longest_seconds < until:
        own = (seed + 1) * _PRIME + len(finished(study))
        study.sampler = optuna.samplers.TPESampler(
            seed=own if place.storage is None else None, n_startup_trials=_STARTUP_TRIALS
        )
        began = time.monotonic()
        if place.storage is None:
            study.optimize(objective, n_trials=1)
        else:
            share_trial(study, objective)
        longest_seconds = max(longest_seconds, time.monotonic() - began)
    return study


def _begun(place: Place, first: Sequence[Mapping[str, Any]], *, prunes: bool) -> "optuna.Study":
    place.folder.mkdir(parents=True, exist_ok=True)
    storage = open_storage(place.url, place.watch)
    with beginning_alone(place.url):
        study = _opened(place, storage, prunes=prunes)
        if place.storage is None:
            _cut_short(study)
        for parameters in _not_yet(study, place, first):
            study.enqueue_trial(dict(parameters), skip_if_exists=place.storage is not None)
    return study


def finished(study: "optuna.Study") -> list["optuna.trial.FrozenTrial"]:
    """Return the trials that ran to their end or were ended for scoring low."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def number_of(study: "optuna.Study", place: Place, number: int) -> int:
    """Return the number that a trial goes by: an interruption leaves no gap in those of a run.

    Where a database is shared, it is Optuna's, which no two trials have.
    """
    if place.storage is not None:
        return number
    return sum(trial.number < number for trial in finished(study))


def keep_trial(place: Place, measured: Measured, candidate: Candidate) -> None:
    """Keep a trial's model and figures. The figures come last: it is whole, or absent."""
    stem = place.folder / measured.name
    save_keras(candidate.model, stem.with_suffix(".keras"))
    write_file(stem.with_suffix(".tflite"), candidate.tflite)
    facts = {"study": place.name, "notes": candidate.notes, "figures": asdict(measured)}
    write_file(stem.with_suffix(".json"), json.dumps(facts))


def kept_trials(place: Place) -> tuple[Measured, ...]:
    """Return the figures of the trials that this run has kept."""
    facts = [json.loads(path.read_text()) for path in sorted(place.folder.glob("trial-*.json"))]
    return tuple(Measured(**fact["figures"]) for fact in facts if fact["study"] == place.name)


def load_trial(place: Place, name: str, why: str) -> Candidate:
    """Return a trial's model as it was measured."""
    stem = place.folder / name
    notes = tuple(json.loads(stem.with_suffix(".json").read_text())["notes"])
    model = load_keras(stem.with_suffix(".keras"))
    return Candidate("trial", why, model, stem.with_suffix(".tflite").read_bytes(), notes)


def forget_trials(place: Place) -> None:
    """Remove what an earlier run has kept in the folder; a shared database stays."""
    for path in (*place.folder.glob("trial-*"), place.folder / "study.db"):
        path.unlink(missing_ok=True)


def _opened(place: Place, storage: Any, *, prunes: bool) -> "optuna.Study":
    import optuna

    pruner = optuna.pruners.MedianPruner(_STARTUP_TRIALS, n_warmup_steps=1)
    return optuna.create_study(
        storage=storage,
        study_name=place.name,
        direction="maximize",
        pruner=pruner if prunes else optuna.pruners.NopPruner(),
        load_if_exists=True,
    )


def _cut_short(study: "optuna.Study") -> None:
    """End what an interruption left running or waiting: nobody else works here."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    for _ in study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.tell(study.ask(), state=TrialState.FAIL)


def _not_yet(
    study: "optuna.Study", place: Place, first: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Return which of the first trials are still to be run, in their order.

    One that was cut short is among them, whole: it may have drawn a part of its parameters. Others
    need no such care, for they draw again what they drew.
    """
    if place.storage is not None:
        return first
    known = [trial.system_attrs.get("fixed_params") for trial in finished(study)]
    return [parameters for parameters in first if parameters not in known]
