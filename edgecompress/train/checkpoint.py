"""Trainings on disk, so that one that was killed goes on where it stopped, to the same weights."""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import arrays_of
from edgecompress.errors import MALFORMED
from edgecompress.files import write_file
from edgecompress.train.batches import Samples
from edgecompress.train.interruption import Interruption
from edgecompress.train.settings import Training

Values = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to: `score` and `best` are `metrics.fitness` on the validation split."""

    number: int  # from 1
    loss: float  # mean over the steps
    score: float
    best: float
    seconds: float  # since training began
    seconds_left: float  # estimated: until the last epoch, or the deadline if that is sooner


@dataclass(frozen=True)
class Progress:
    """How far a training has come."""

    best: float  # validation score of the best epoch
    judging_seconds: float  # what judging takes
    seconds: float = 0.0  # trained so far, before an interruption too
    best_epoch: int = 0  # 0: as it came; of equals, the last
    better_epoch: int = 0  # the last that was better than all before
    masked_epoch: int = 0  # in which masks last changed
    epoch: int = 1  # the one being trained
    losses: tuple[float, ...] = ()  # of its steps so far
    finished: bool = False
    epochs: tuple[Epoch, ...] = ()  # those that were judged


@dataclass(frozen=True)
class Keeping:
    """Where a run keeps its trainings, and whether it was asked to end.

    A training is found again by all that decides its weights, so that nothing of another model,
    other data or other settings is ever gone on with.
    """

    folder: Path
    interruption: Interruption = field(default_factory=Interruption)

    def checkpoint(
        self, settings: Training, student: Any, teacher: Any, samples: Samples, *others: object
    ) -> "Checkpoint":
        """Return where a training is kept.

        Args:
            settings: how to train.
            student: the keras.Model as it is before it.
            teacher: a keras.Model, or None.
            samples: what to learn from.
            others: arrays, or values whose text says what they are, that decide its weights too.
        """
        models = [model for model in (student, teacher) if model is not None]
        # Without their names, which differ from process to process.
        values = [variable.numpy() for model in models for variable in model.variables]
        taken = (*arrays_of(samples.x), *arrays_of(samples.y), samples.weight)
        lasting = replace(settings, deadline_seconds=None)
        return Checkpoint(self.folder / f"{_digest(lasting, *values, *taken, *others)}.npz")


@dataclass(frozen=True)
class Checkpoint:
    """The file of one training."""

    path: Path

    def save(self, progress: Progress, variables: Values, best: Values) -> None:
        """Keep what a training changes, and the weights of its best epoch, in one step."""
        arrays = {
            **{f"variable{number}": values for number, values in enumerate(variables)},
            **{f"best{number}": values for number, values in enumerate(best)},
        }
        buffer = io.BytesIO()
        np.savez(buffer, progress=np.array(json.dumps(asdict(progress))), **arrays)  # type: ignore[arg-type] # numpy's stub takes the names for its own option
        write_file(self.path, buffer.getvalue())

    def load(self) -> tuple[Progress, Values, Values] | None:
        """Return what was kept; None if there is nothing, or it cannot be read."""
        try:
            with np.load(self.path) as kept:
                facts = json.loads(str(kept["progress"]))
                epochs = tuple(Epoch(**epoch) for epoch in facts["epochs"])
                lists = {"losses": tuple(facts["losses"]), "epochs": epochs}
                return (
                    Progress(**facts | lists),
                    _numbered(kept, "variable"),
                    _numbered(kept, "best"),
                )
        except (OSError, EOFError, zipfile.BadZipFile, *MALFORMED):
            return None


def _digest(*values: object) -> str:
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.shape}{value.dtype}".encode())
            digest.update(np.ascontiguousarray(value).data)
        else:
            digest.update(repr(value).encode())
    return digest.hexdigest()[:32]


def _numbered(kept: Any, name: str) -> list[NDArray[Any]]:
    count = sum(key.startswith(name) for key in kept.files)
    return [kept[f"{name}{number}"] for number in range(count)]
