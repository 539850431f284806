"""The arrays of a `.npz` file, whose headers are read before any of their values.

A header is a few bytes that say how many values follow: what it asks for is weighed against the
file and this computer's memory first. Source: numpy.lib.format, and APPNOTE.TXT of the zip format.
"""

import tokenize
import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.paged import PAGED_BYTES, empty_array, free_bytes
from edgecompress.errors import DataError
from edgecompress.files import is_bomb, sha256_of

_MAGIC = b"\x93NUMPY"
_SUFFIX = ".npy"
_ENCRYPTED = 1  # bit of a zip entry's flags
_FLOAT32_BYTES = 4
_BLOCK_BYTES = 1 << 20
_COPIES = 2  # of samples on disk: as read, and divided into parts
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What numpy and zipfile raise where a file is damaged, or packed by a method they lack.
_DAMAGED = (
    OSError, ValueError, EOFError, KeyError, TypeError, SyntaxError, RuntimeError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def npz_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], str]:
    """Return the arrays of a `.npz` file by name, in its order, and its digest.

    Raises:
        DataError: the file is damaged, encrypted, holds Python objects, or its arrays need more
            memory than there is.
    """
    try:
        _refuse_single(path)
        with zipfile.ZipFile(path) as archive:
            entries = _entries(archive)
            _check_memory(path, [_needed_bytes(archive, entry) for entry in entries])
            values = {_name(entry): _read(archive, entry) for entry in entries}
    except _DAMAGED as error:
        raise DataError(
            f"{path}: not a readable .npz file: {error}; save the arrays again with np.savez"
        ) from error
    except MemoryError as error:
        raise DataError(f"{path}: does not fit this computer's memory: {error}") from error
    return values, sha256_of(path)


def _refuse_single(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) == _MAGIC:
            raise DataError(f"{path}: a single array; save it with np.savez(path, x=array)")


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    for entry in archive.infolist():
        if not entry.filename.endswith(_SUFFIX):
            raise ValueError(f"{entry.filename} in it is no array")
        if entry.flag_bits & _ENCRYPTED:
            raise ValueError(f"{entry.filename} in it is encrypted")
    return archive.infolist()


def _needed_bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Return what an array takes, with its float32 copy, by its header alone."""
    with archive.open(entry) as file:
        shape, _, dtype = _header(file)
        begin = file.tell()
    if dtype.hasobject:
        raise ValueError(
            f"{entry.filename} holds Python objects, which are not loaded: they could run code"
        )
    if min(shape, default=0) < 0:
        raise ValueError(f"the header of {entry.filename} has the shape {shape}")
    size = prod(shape) * dtype.itemsize
    copied = 0 if dtype == np.float32 else prod(shape) * _FLOAT32_BYTES
    if is_bomb(size, entry.compress_size):
        raise ValueError(
            f"the header of {entry.filename} asks for {size + copied:,} bytes of memory, and the "
            f"file has {entry.compress_size:,} for them"
        )
    if size != entry.file_size - begin:
        raise ValueError(
            f"the header of {entry.filename} says {size:,} bytes, but {entry.file_size - begin:,} "
            "follow"
        )
    return size + copied


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version not in _READERS:
        raise ValueError(f"an array of the format {version}, which has named fields")
    shape, fortran_order, dtype = _READERS[version](file)
    return shape, fortran_order, dtype


def _name(entry: zipfile.ZipInfo) -> str:
    return entry.filename.removesuffix(_SUFFIX)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    """Return an array, read block by block, so that a large one is never held whole."""
    with archive.open(entry) as file:
        shape, fortran_order, dtype = _header(file)
        values = empty_array(shape[::-1] if fortran_order else shape, dtype)
        if values.nbytes:
            _fill(values.reshape(-1).view(np.uint8), file)
        file.read(1)  # at its end the archive's checksum is looked at
    return values.T if fortran_order else values


def _fill(content: NDArray[np.uint8], file: IO[bytes]) -> None:
    for start in range(0, len(content), _BLOCK_BYTES):
        block = content[start : start + _BLOCK_BYTES]
        block[:] = np.frombuffer(file.read(len(block)), np.uint8)


def _check_memory(path: Path, needed: list[int]) -> None:
    """Refuse arrays for which there is room neither in memory nor in the temporary folder."""
    there, total = _available_bytes(), sum(needed)
    large = sum(size for size in needed if size >= PAGED_BYTES)
    paged = total - large <= (there or 0) and _COPIES * large <= free_bytes()
    if there is None or total <= there or paged:
        return
    raise DataError(
        f"{path}: its arrays need {total:,} bytes of memory, and {there:,} are free on this "
        f"computer ({_COPIES * total:,} on disk, and {free_bytes():,} are free in the temporary "
        "folder, which TMPDIR names): take fewer samples, or save them as float32"
    )


def _available_bytes() -> int | None:
    """Return how much memory can be had without swapping, None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith("MemAvailable:")]
    return int(found[0][1]) * 1024 if found else None
