"""Data as it was read, before it is matched to a model and divided."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import Split


@dataclass(frozen=True)
class Source:
    """What a reader found.

    Attributes:
        parts: "train" always, "validation" and "test" where the data is divided already; `x` of
            any number type, `y` as found (names, one-hot rows, indices, targets) or None.
        labels: names of the classes by index, where the data says them.
        pixels: whether `x` holds pixels of 0..255.
        sha256: digest of the content.
    """

    parts: Mapping[str, Split]
    labels: tuple[str, ...]
    pixels: bool
    sha256: str


def arrays_sha256(arrays: Mapping[str, NDArray[Any] | None]) -> str:
    """Return the digest of arrays: their names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        if array is None:
            continue
        text = array.astype(str) if array.dtype == object else array
        digest.update(f"{name} {text.dtype.str} {text.shape}".encode())
        digest.update(np.ascontiguousarray(text).tobytes())
    return digest.hexdigest()
