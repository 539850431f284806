"""What the system refuses, a full disk above all, in errors that say what to do."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgecompress.errors import DiskFullError, EdgecompressError, ToolError, UsageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def told(path: Path, size_bytes: int) -> Iterator[None]:
    """Turn what the system says against writing so many bytes to `path` into an error of ours.

    Raises:
        DiskFullError: there is no room for them.
        UsageError: nothing can be written there.
    """
    try:
        yield
    except OSError as error:
        raise _why_not_written(error, path, size_bytes) from error


def _why_not_written(error: OSError, path: Path, size_bytes: int) -> EdgecompressError:
    if error.errno not in _FULL:
        return UsageError(
            f"{path}: cannot be written: {error.strerror or error}; give another place with -o"
        )
    there = next(parent for parent in path.absolute().parents if parent.is_dir())
    return DiskFullError(
        f"{path}: there is no room for its {size_bytes:,} bytes ({error.strerror}; "
        f"{shutil.disk_usage(there).free:,} bytes are free on its disk): make room, or give "
        "another place with -o"
    )


def is_full(error: BaseException) -> bool:
    """Say whether an error is that a disk, a quota or a limit of file sizes is used up."""
    said = (os.strerror(errno.ENOSPC), "database or disk is full")  # by HDF5, and by SQLite
    return getattr(error, "errno", None) in _FULL or any(text in str(error) for text in said)


def of_the_system(error: BaseException) -> EdgecompressError | None:
    """Return the error for what the system refused anywhere, None if `error` is something else.

    That is a disk without room, whoever wrote to it, memory that ran out, or a path that cannot be
    used.
    """
    if is_full(error) or any(map(is_full, causes(error))):
        return DiskFullError(f"no room is left on a disk: {error}; make room, and start again")
    if any(map(_is_out_of_memory, (error, *causes(error)))):
        return ToolError(
            "memory ran out: close other programs, raise the limit of memory, or "
            "give less data at once"
        )
    if not isinstance(error, OSError) or not isinstance(error.filename, str | bytes):
        return None
    path = Path(os.fsdecode(error.filename))
    if path.is_relative_to(Path(__file__).parent):  # a file of ours that is not there
        return None
    return UsageError(f"{path}: {error.strerror}; give a path that can be used")


def _is_out_of_memory(error: BaseException) -> bool:
    of_tensorflow = type(error).__name__ == "ResourceExhaustedError"
    return isinstance(error, MemoryError) or of_tensorflow


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what led to an error, the latest first."""
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield cause
        yield from causes(cause)
