"""Arrays too large to hold whole: they lie in a file without a name, and are paged in where used.

The system keeps in memory what is in use of such a file and lets go of the rest, which it does
not of memory that a process asks for. The file is gone with the process, however that ends.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from math import prod
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

PAGED_BYTES = 1 << 29  # arrays of less are held in memory
_BLOCK_BYTES = 1 << 25


def empty_array(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array to fill, in memory or, if it is large, in a file of the temporary folder.

    Without room in that folder it is held in memory after all.
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    if size < PAGED_BYTES:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(prefix="edgecompress-") as file:
        if not _reserved(file, size):
            return np.empty(shape, dtype)
        return np.asarray(np.memmap(file, np.dtype(dtype), "r+", shape=shape))


def _reserved(file: IO[bytes], size: int) -> bool:
    """Take the room now: a page that the disk has no room for later ends the process."""
    if not hasattr(os, "posix_fallocate"):
        return False
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError:
        return False
    return True


def free_bytes() -> int:
    """Return the room in the temporary folder."""
    return shutil.disk_usage(tempfile.gettempdir()).free


def row_blocks(x: NDArray[Any]) -> Iterator[slice]:
    """Yield slices of the first axis, which together are `x` and each are little of it."""
    rows = max(1, _BLOCK_BYTES // max(1, x[:1].nbytes))
    yield from (slice(start, start + rows) for start in range(0, len(x), rows))


def changed(
    x: NDArray[Any], change: Callable[[NDArray[Any]], NDArray[Any]], dtype: DTypeLike
) -> NDArray[Any]:
    """Return what `change` makes of `x` [n, ...]: rows of the same shape, of `dtype`."""
    made = empty_array(x.shape, dtype)
    for block in row_blocks(x):
        made[block] = change(x[block])
    return made


def taken(x: NDArray[Any], indices: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """Return the rows of `x` [n, ...] at `indices` [k], in that order."""
    made = empty_array((len(indices), *x.shape[1:]), x.dtype)
    for block in row_blocks(made):
        made[block] = x[indices[block]]
    return made
