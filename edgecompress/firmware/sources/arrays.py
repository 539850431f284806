"""Values as the inside of a C array initializer."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

_HEX_BYTES_PER_LINE = 12
_LINE_CHARACTERS = 78
# C reads the least of a type as minus a number that is too large for it.
_NO_LITERALS = {-(1 << 63): "INT64_MIN", -(1 << 31): "INT32_MIN"}


def hex_bytes(content: bytes) -> str:
    """Return `0x1c, 0x00, ...`, twelve bytes a line."""
    rows = range(0, len(content), _HEX_BYTES_PER_LINE)
    return ",\n".join(
        "  " + ", ".join(f"0x{byte:02x}" for byte in content[row : row + _HEX_BYTES_PER_LINE])
        for row in rows
    )


def numbers(values: npt.NDArray[Any]) -> str:
    """Return the integers of an array in decimal, as many on a line as fit."""
    whole = np.asarray(values).ravel().astype(np.int64).tolist()  # of booleans, too
    texts = [_NO_LITERALS.get(value) or str(value) for value in whole]
    per_line = max(1, _LINE_CHARACTERS // (max(map(len, texts), default=1) + 2))
    return ",\n".join("  " + ", ".join(row) for row in _rows(texts, per_line))


def reals(values: Sequence[float]) -> str:
    """Return float32 literals, as many on a line as fit."""
    texts = [float_literal(value) for value in values]
    per_line = max(1, _LINE_CHARACTERS // (max(map(len, texts), default=1) + 2))
    return ",\n".join("  " + ", ".join(row) for row in _rows(texts, per_line))


def float_literal(value: float) -> str:
    """Return a C literal that reads back as the same float32: nine digits are enough.

    Source: IEEE 754-2019, 5.12.2.
    """
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if any(c in text for c in ".e") else f"{text}.0f"


def _rows(texts: Sequence[str], per_line: int) -> Iterator[list[str]]:
    iterator = iter(texts)
    while row := list(islice(iterator, per_line)):
        yield row
