"""What one process at a time may do: write to a folder, begin with a file, hold temporary files."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edgecompress.errors import UsageError
from edgecompress.refused import told

LOCK = ".edgecompress-lock"
_PASSING = "edgecompress-passing-"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder that `alone_in` is used for, however this one ends.

    The folder is made, and removed again if nothing was written to it.

    Raises:
        UsageError: another process is in it.
    """
    path, made = folder / LOCK, not folder.exists()
    with told(folder, 0):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        _lock(handle, path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)
        if made and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def one_by_one(path: Path) -> Iterator[None]:
    """Let processes that come here with the same `path` through one by one, however they end.

    The lock lies beside `path`. Where no file can be written there, nobody is kept waiting.
    """
    lock = path.with_name(f".{path.name}{LOCK}")
    try:
        handle = _waited_for(lock)
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def passing_folder() -> Iterator[Path]:
    """Make a folder for temporary files. It goes with this block; what killed processes left, too.

    A process has a lock on its own, which the kernel gives back however the process ends.
    """
    place = Path(tempfile.gettempdir())
    _remove_abandoned(place)
    folder = Path(tempfile.mkdtemp())
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks: nobody removes others' there
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder = folder.rename(place / f"{_PASSING}{folder.name}")  # by which others know it
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _remove_abandoned(place: Path) -> None:
    for left in place.glob(f"{_PASSING}*"):
        with suppress(OSError):  # another user's, or still in use
            handle = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
            finally:
                os.close(handle)


def _waited_for(lock: Path) -> int:
    while True:
        handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o666)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if _is_there(handle, lock):
            return handle
        os.close(handle)  # it went with the process that had it


def _is_there(handle: int, path: Path) -> bool:
    return path.exists() and os.fstat(handle).st_ino == path.stat().st_ino


def _lock(handle: int, path: Path) -> None:
    """Take a lock, which the kernel gives back when this process ends."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = _is_there(handle, path)
    except BlockingIOError:
        is_ours = False
    if not is_ours:  # or it is of a run that has just ended, and took its file along
        raise UsageError(
            f"{path.parent}: another run writes to this folder; wait for it, or give another folder"
        )
