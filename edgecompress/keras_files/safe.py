"""What a file of a Keras model may not hold, looked at before Keras opens it.

An archive may name places outside of itself, unpack to more than there is memory, or keep weights
in other files of this computer, which a model that is passed on would then carry along.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from edgecompress.errors import ModelError
from edgecompress.files import is_bomb

_LINK_MODE, _MODE_MASK = 0o120000, 0o170000


def check_entry(entry: zipfile.ZipInfo, path: Path) -> None:
    """Raise ModelError if an entry of a `.keras` archive leads out of it, or is a bomb."""
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    is_link = (entry.external_attr >> 16) & _MODE_MASK == _LINK_MODE
    if name.is_absolute() or ".." in name.parts or is_link:
        raise ModelError(
            f"{path}: its entry {entry.filename!r} leads out of the archive, and nothing was read; "
            'save the model again with model.save("model.keras")'
        )
    if is_bomb(entry.file_size, entry.compress_size):
        raise ModelError(
            f"{path}: its entry {entry.filename!r} unpacks from {entry.compress_size:,} to "
            f"{entry.file_size:,} bytes, which no weights do: nothing was read of it"
        )


def check_archive(path: Path) -> None:
    """Check all entries of a `.keras` archive by `check_entry`, and its weights by `check_weights`.

    Raises:
        ModelError: an entry is not what it should be, or cannot be unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                check_entry(entry, path)
            for entry in archive.infolist():
                if entry.filename.endswith(".h5"):
                    check_weights(archive.read(entry), path)
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(
            f"{path}: a damaged .keras archive ({error}); save the model again with "
            'model.save("model.keras")'
        ) from error


def check_weights(source: Path | bytes, path: Path) -> None:
    """Raise ModelError if an HDF5 file keeps values in other files, or says more than it holds.

    What is no HDF5 file is left to those who read it.
    """
    import h5py

    opened = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with h5py.File(opened, "r") as file:
            for name, what in _problems(h5py, file, set()):
                raise ModelError(f"{path}: {name!r} in its HDF5 file {what}; save the model again")
    except (OSError, RuntimeError, ValueError, KeyError):
        return


def _problems(h5py: Any, group: Any, seen: set[Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong in a group and below it; a group that leads back to itself ends."""
    if group.id in seen:
        return
    seen.add(group.id)
    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
            yield f"{group.name}/{name}", "is kept in another file"
            continue
        item = group.get(name)
        if isinstance(item, h5py.Group):
            yield from _problems(h5py, item, seen)
        elif isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                yield item.name, "is kept in another file"
            elif is_bomb(item.nbytes, item.id.get_storage_size()):
                yield item.name, f"says it has {item.nbytes:,} bytes, and has hardly any"
            else:
                _read(item)


def _read(dataset: Any) -> None:
    """Read all there is: whether that ends is known only then."""
    dict(dataset.attrs)
    dataset[()]
