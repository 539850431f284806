"""Where the trials of a search are kept."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Watch:
    """How runs that share a database watch over each other's trials, and over the database.

    A run says at intervals that its trial is alive. What has not been heard of for the time of
    grace is run again, by another run, unless that was tried too often: it may be what kills.
    """

    heartbeat_seconds: int = 15
    grace_seconds: int = 90
    outage_seconds: float = 300.0  # for which a database that does not answer is waited for
    most_retries: int = 5


@dataclass(frozen=True)
class Place:
    """The database of the trials, and the folder of their models."""

    folder: Path
    name: str  # of the study: a hash of all that decides what a trial scores
    storage: str | None  # URL of a database that several machines share; None: a file in `folder`
    shared_watch: Watch = Watch()

    @property
    def url(self) -> str:
        """The database, as Optuna wants it."""
        return self.storage or f"sqlite:///{(self.folder / 'study.db').resolve().as_posix()}"

    @property
    def watch(self) -> Watch | None:
        """How the trials are watched, None if nobody shares them."""
        return self.shared_watch if self.storage is not None else None
