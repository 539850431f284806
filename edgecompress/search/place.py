"""Where the trials of a search are kept."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """The database of the trials, and the folder of their models."""

    folder: Path
    name: str  # of the study: a hash of all that decides what a trial scores
    storage: str | None  # URL of a database that several machines share; None: a file in `folder`

    @property
    def url(self) -> str:
        """The database, as Optuna wants it."""
        return self.storage or f"sqlite:///{(self.folder / 'study.db').resolve().as_posix()}"
