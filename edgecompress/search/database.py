"""The database of a search: opened by its URL, with errors that say what is wrong with it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgecompress.errors import EdgecompressError, ToolError, UsageError
from edgecompress.lock import one_by_one
from edgecompress.refused import causes, is_full
from edgecompress.search.contact import Contact, keep_contact, reason_of
from edgecompress.search.place import Place, Watch

if TYPE_CHECKING:
    import sqlalchemy

_BEGINNING = 0x45444745  # what runs lock while they make tables: a number of ours ("EDGE")
_HOW = (
    "give a URL as sqlite:///study.db or postgresql://user@host/database, and a password in the "
    "URL or in ~/.pgpass"
)
_DRIVER = "pip install 'edgecompress[postgresql]' for postgresql://, else the driver of your URL"
# What a server says that cannot take a run now, but may later.
_BUSY = ("starting up", "shutting down", "recovery mode", "too many", "connection slots")
# A machine that vanished is noticed within a minute (libpq's connection parameters).
_LIBPQ = {
    "connect_timeout": "10", "keepalives_idle": "20", "keepalives_interval": "10",
    "keepalives_count": "3", "tcp_user_timeout": "50000",
}  # fmt: skip


def open_storage(url: str, watch: Watch | None = None) -> Any:
    """Return the storage (optuna.storages.BaseStorage) of a database, with its tables made.

    Args:
        url: as Optuna takes it; postgresql:// is taken with psycopg.
        watch: how runs that share the database watch over each other's trials, and wait for it
            when it is away; None: nobody shares it.

    Raises:
        UsageError: the URL is wrong, or the database refuses it.
        ToolError: nobody answers, or a driver is missing.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    address = _address(url)
    with _told(address), beginning_alone(url):
        storage = optuna.storages.get_storage(_database(address, watch))
    if watch is not None:
        keep_contact(storage, watch, _name(address))
    return storage


@contextmanager
def beginning_alone(url: str) -> Iterator[None]:
    """Let runs that begin at the same PostgreSQL or SQLite database do so one by one.

    The server, or the kernel, ends the lock with this process.
    """
    import sqlalchemy

    address = _address(url)
    backend = address.get_backend_name()
    if backend != "postgresql":
        is_file = backend == "sqlite" and address.database not in (None, "", ":memory:")
        with one_by_one(Path(str(address.database))) if is_file else nullcontext():
            yield
        return
    alone = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool, **_settings(address))
    with alone.begin() as connection:
        connection.execute(sqlalchemy.text(f"SELECT pg_advisory_xact_lock({_BEGINNING})"))
        yield


def _database(address: "sqlalchemy.URL", watch: Watch | None) -> Any:
    import optuna

    url = address.render_as_string(hide_password=False)
    if watch is None:
        return optuna.storages.RDBStorage(url, _settings(address))
    with warnings.catch_warnings():  # Optuna calls heartbeats experimental
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.storages.RDBStorage(
            url,
            _settings(address),
            heartbeat_interval=watch.heartbeat_seconds,
            grace_period=watch.grace_seconds,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(
                watch.most_retries
            ),
        )


def _address(url: str) -> "sqlalchemy.URL":
    """Return a URL's parts. What it says is not repeated, for it may hold a password."""
    import sqlalchemy

    try:
        address = sqlalchemy.make_url(url)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise UsageError(f"--storage: this is no URL of a database; {_HOW}") from None
    plain = address.drivername == "postgresql"  # which older SQLAlchemy takes for psycopg2
    return address.set(drivername="postgresql+psycopg") if plain else address


def _settings(address: "sqlalchemy.URL") -> dict[str, Any]:
    """Return arguments of sqlalchemy.create_engine."""
    if address.drivername not in ("postgresql+psycopg", "postgresql+psycopg2"):
        return {}
    chosen = {name: value for name, value in _LIBPQ.items() if name not in address.query}
    return {"pool_pre_ping": True, "connect_args": chosen}


def contact_with(place: Place) -> Contact:
    """Return the contact with a shared database, for calls that are to wait for it."""
    return Contact(place.shared_watch, _name(_address(place.url)))


def _name(address: "sqlalchemy.URL") -> str:
    """Return what messages call a database: neither user nor password."""
    port = f":{address.port}" if address.port else ""
    host = f"{address.host}{port}/" if address.host else ""
    return f"--storage: the database {host}{address.database or ''}"


@contextmanager
def _told(address: "sqlalchemy.URL") -> Iterator[None]:
    import optuna
    import sqlalchemy

    known = (
        sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.OptunaError, ImportError, ValueError,
        RuntimeError, KeyError,
    )  # fmt: skip
    try:
        yield
    except known as error:
        if is_full(error) or any(map(is_full, causes(error))):
            raise
        raise _why_not_opened(error, address) from None


def _why_not_opened(error: Exception, address: "sqlalchemy.URL") -> EdgecompressError:
    import sqlalchemy

    place = _name(address)
    if isinstance(error, ImportError):
        return ToolError(f"{place} needs a Python package that is not installed: {_DRIVER}")
    said = next((e for e in causes(error) if isinstance(e, sqlalchemy.exc.SQLAlchemyError)), error)
    reason = reason_of(said, address.password)
    refused = "FATAL" in reason or "no password supplied" in reason
    away = isinstance(said, sqlalchemy.exc.OperationalError) and address.host
    if away and (not refused or any(words in reason for words in _BUSY)):
        return ToolError(f"{place} does not answer: {reason}; start its server, or give another")
    return UsageError(f"{place} cannot be opened: {reason}; {_HOW}, with its driver installed")
