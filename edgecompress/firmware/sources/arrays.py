"""Values as the inside of a C array initializer. No more than a block of them is held as texts."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_HEX = tuple(f"0x{byte:02x}" for byte in range(256))
_HEX_BYTES_PER_LINE = 12
_LINE_CHARACTERS = 78
_LINES_PER_BLOCK = 4096
# C reads the least of a type as minus a number that is too large for it.
_NO_LITERALS = {-(1 << 63): "INT64_MIN", -(1 << 31): "INT32_MIN"}


def hex_bytes(content: bytes) -> str:
    """Return `0x1c, 0x00, ...`, twelve bytes a line."""
    return _lines(content, _HEX_BYTES_PER_LINE, lambda block: [_HEX[byte] for byte in block])


def numbers(values: npt.NDArray[Any]) -> str:
    """Return the integers of an array in decimal, as many on a line as fit."""
    whole = np.asarray(values).ravel()
    ends = _integers(np.array([whole.min(), whole.max()])) if whole.size else ()
    return _lines(whole, _per_line(ends), _integers)


def reals(values: Sequence[float]) -> str:
    """Return float32 literals, as many on a line as fit."""
    texts = [float_literal(value) for value in values]
    return _lines(texts, _per_line(texts), list)


def float_literal(value: float) -> str:
    """Return a C literal that reads back as the same float32: nine digits are enough.

    Source: IEEE 754-2019, 5.12.2.
    """
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if any(c in text for c in ".e") else f"{text}.0f"


def _integers(values: npt.NDArray[Any]) -> list[str]:
    whole = values.astype(np.int64).tolist()  # of booleans, too
    return [_NO_LITERALS.get(value) or str(value) for value in whole]


def _per_line(texts: Iterable[str]) -> int:
    return max(1, _LINE_CHARACTERS // (max(map(len, texts), default=1) + 2))


def _lines(values: Any, per_line: int, texts_of: Callable[[Any], Sequence[str]]) -> str:
    step = per_line * _LINES_PER_BLOCK
    blocks = (texts_of(values[start : start + step]) for start in range(0, len(values), step))
    return ",\n".join(
        ",\n".join(
            "  " + ", ".join(texts[row : row + per_line]) for row in range(0, len(texts), per_line)
        )
        for texts in blocks
    )
