"""Arrays by name, from a `.npz` file or a Python function, as parts of a data set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.npz import npz_arrays
from edgecompress.dataset.source import Source
from edgecompress.dataset.split import Split
from edgecompress.errors import DataError

# Part -> the names its samples may have; the labels have the same name with y for x.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "train": ("x_train", "x"),
    "validation": ("x_val", "x_validation", "x_valid"),
    "test": ("x_test",),
}
_WANTED = (
    "x_train, y_train, x_test, y_test (and x_val, y_val if you have them), or x, y, "
    "or x alone for calibration"
)


def read_npz(path: Path) -> Source:
    """Read a `.npz` file.

    Raises:
        DataError: the file is damaged, holds Python objects, or names no samples.
    """
    arrays, sha256 = npz_arrays(path)
    return source_of(arrays, str(path), sha256)


def source_of(arrays: Mapping[str, NDArray[Any]], where: str, sha256: str) -> Source:
    """Sort arrays into parts by their names.

    Raises:
        DataError: an array that is needed is missing, or labels do not match samples in number.
    """
    parts = {part: _part(arrays, names, where) for part, names in _NAMES.items()}
    found = {part: split for part, split in parts.items() if split is not None}
    if "train" not in found:
        raise DataError(
            f"{where}: no x_train or x; it holds {', '.join(sorted(arrays)) or 'nothing'}. "
            f"Name the arrays {_WANTED}"
        )
    pixels = all(split.x.dtype == np.uint8 for split in found.values())
    return Source(found, (), pixels, sha256)


def _part(arrays: Mapping[str, NDArray[Any]], names: tuple[str, ...], where: str) -> Split | None:
    name = next((name for name in names if name in arrays), None)
    if name is None:
        return None
    x, label_name = arrays[name], "y" + name[1:]
    y = arrays.get(label_name)
    if x.ndim == 0 or (y is not None and (y.ndim == 0 or len(x) != len(y))):
        raise DataError(
            f"{where}: {name} has shape {x.shape} and {label_name} "
            f"{None if y is None else y.shape}; both need one entry a sample"
        )
    return Split(x, y)
