"""Attempts on disk, so that an interrupted run goes on where it stopped."""

import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgecompress.errors import MALFORMED, ModelError
from edgecompress.files import write_file
from edgecompress.keras_files.model import load_keras, save_keras
from edgecompress.prune.sensitivity import Sensitivity
from edgecompress.recipe import Recipe
from edgecompress.search.attempt import Candidate
from edgecompress.search.place import Place
from edgecompress.train.checkpoint import Epoch, Keeping
from edgecompress.train.interruption import Interruption

_log = logging.getLogger(__name__)

_FOLDER = ".edgecompress"
_TRAININGS = "trainings"
_KEPT = ("step", "why", "notes", "weight_bits", "alpha")
_ROWS: dict[str, type[Any]] = {"sensitivity": Sensitivity, "epochs": Epoch}  # kept too, as rows
# What may differ between a run and its resumption. Model and data count by their content.
_FREE = ("time_budget", "model", "data", "pick", "trials")
# What decides no trial's score, beyond these.
_FREE_OF_TRIALS = (*(name for name in _FREE if name != "pick"), "framework", "optimize")


def run_key(recipe: Recipe, inputs: Sequence[str]) -> str:
    """Return the hash of all that decides a run's attempts: its recipe and its `inputs`' hashes."""
    return _hash(recipe, inputs, _FREE)


def trials_place(out: Path, recipe: Recipe, inputs: Sequence[str], storage: str | None) -> Place:
    """Return where a run keeps the trials of its search; `storage` as `Place` has it."""
    return Place(out / _FOLDER, _hash(recipe, inputs, _FREE_OF_TRIALS), storage)


def _hash(recipe: Recipe, inputs: Sequence[str], free: Sequence[str]) -> str:
    choices = {name: value for name, value in asdict(recipe).items() if name not in free}
    return hashlib.sha256(json.dumps([choices, *inputs]).encode()).hexdigest()


def keeping(out: Path, interruption: Interruption) -> Keeping:
    """Return where a run keeps the trainings of the attempt that is being made."""
    return Keeping(out / _FOLDER / _TRAININGS, interruption)


def save_attempt(out: Path, key: str, number: int, attempt: Candidate) -> None:
    """Keep attempt `number` under `out`. Its description comes last: it is whole, or absent.

    The trainings that led to it are forgotten.
    """
    stem = out / _FOLDER / f"{number}-{attempt.step}"
    save_keras(attempt.model, stem.with_suffix(".keras"))
    write_file(stem.with_suffix(".tflite"), attempt.tflite)
    facts = {name: getattr(attempt, name) for name in _KEPT}
    for name in _ROWS:
        facts[name] = [asdict(row) for row in getattr(attempt, name)]
    write_file(out / _FOLDER / f"{number}.json", json.dumps({"key": key, **facts}))
    _forget_trainings(out)


def load_attempts(out: Path, key: str) -> tuple[Candidate, ...]:
    """Return the attempts that a run of the same `key` has left under `out`, in order.

    One that cannot be read, of another release or a damaged disk, and all after it are made anew.
    """
    loaded: list[Candidate] = []
    while (path := out / _FOLDER / f"{len(loaded)}.json").exists():
        try:
            attempt = _loaded(path, key)
        except (OSError, ModelError, *MALFORMED) as error:
            _log.warning("warning: %s cannot be read (%s): made anew", path, error)
            break
        if attempt is None:
            break
        loaded.append(attempt)
    return tuple(loaded)


def _loaded(path: Path, key: str) -> Candidate | None:
    facts = json.loads(path.read_text())
    if facts.pop("key") != key:
        return None
    stem = path.with_name(f"{path.stem}-{facts['step']}")
    model = load_keras(stem.with_suffix(".keras"))
    tflite = stem.with_suffix(".tflite").read_bytes()
    facts["notes"] = tuple(facts["notes"])
    for name, kind in _ROWS.items():
        facts[name] = tuple(kind(**row) for row in facts.get(name, ()))
    return Candidate(**facts, model=model, tflite=tflite)


def has_attempts(out: Path) -> bool:
    """Whether a run has left attempts under `out`: its other files are edgecompress's too."""
    return (out / _FOLDER / "0.json").exists()


def forget_attempts(out: Path) -> None:
    """Remove what an earlier run has left to go on from."""
    for path in (out / _FOLDER).glob("[0-9]*"):
        path.unlink()
    _forget_trainings(out)


def _forget_trainings(out: Path) -> None:
    shutil.rmtree(out / _FOLDER / _TRAININGS, ignore_errors=True)
