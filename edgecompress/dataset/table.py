"""Tables: a `.csv` file with a row a sample and a column of labels."""

import csv
import hashlib
import io
import logging
import math
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.source import Source
from edgecompress.dataset.split import Split
from edgecompress.errors import DataError

_log = logging.getLogger(__name__)

_LABEL_NAMES = ("label", "class", "target", "y")
_NAMES_SHOWN = 12


def read_csv(path: Path, column: str | None, input_shape: tuple[int | None, ...] | None) -> Source:
    """Read a `.csv` file.

    The label is in `column`; without one, in the column named label, class, target or y, else in
    the last, unless the columns are just as many as the model's inputs: then there is none. The
    other columns are features, in order; where the model takes more than one axis, a row is its
    input in C order, the axis that a model leaves open as long as the columns make it.

    Raises:
        DataError: no rows, rows of several lengths, no such column, or a cell that is no number.
    """
    content = path.read_bytes()
    header, rows, lines = _rows(content, path)
    label = _label_column(header, column, input_shape, path)
    features = [number for number in range(len(header)) if number != label]
    if not features:
        raise DataError(f"{path}: has the label column {header[0]!r} only; add feature columns")
    x = _as_input(_numbers(rows, features, header, lines, path), input_shape, path)
    y = None if label is None else _labels([row[label] for row in rows])
    return Source({"train": Split(x, y)}, (), pixels=False, sha256=_digest(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _rows(content: bytes, path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Return the column names, the rows and their lines; unnamed columns are numbered."""
    lines, rows = _lines(content, path)
    if rows and _is_header(rows[0], rows[1:]):
        header, rows, lines = [name.strip() for name in rows[0]], rows[1:], lines[1:]
    else:
        header = [f"column {number}" for number in range(1, len(rows[0]) + 1)] if rows else []
    if not rows:
        raise DataError(f"{path}: no rows; each sample needs one")
    for number, (line, row) in enumerate(zip(lines, rows, strict=True), start=1):
        if len(row) != len(header):
            raise DataError(
                f"{path}, line {line}: row {number} has {len(row)} cells, the table has "
                f"{len(header)} columns"
            )
    return header, rows, lines


def _lines(content: bytes, path: Path) -> tuple[list[int], list[list[str]]]:
    """Return the cells of each row that is not empty, and the line that it ends in."""
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: not text in UTF-8: {error}") from error
    found = []
    try:
        found = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from error
    return [line for line, _ in found], [row for _, row in found]


def _is_header(first: list[str], others: list[list[str]]) -> bool:
    """Say whether the first row holds names: of features, or of a label that no other row has."""
    if any(_number(cell) is None for cell in first[:-1]):
        return True
    return _number(first[-1]) is None and all(row[-1] != first[-1] for row in others)


def _label_column(
    header: list[str], column: str | None, input_shape: tuple[int | None, ...] | None, path: Path
) -> int | None:
    if column is not None:
        if column not in header:
            raise DataError(f"{path}: no column {column!r}; {_instead(column, header)}")
        return header.index(column)
    lower = [name.lower() for name in header]
    named = [lower.index(name) for name in _LABEL_NAMES if name in lower]
    if named:
        return named[0]
    sizes = input_shape or ()
    if sizes and None not in sizes and len(header) == math.prod(size or 1 for size in sizes):
        _log.info("%s: as many columns as the model has inputs, so none is the label", path)
        return None
    _log.info("%s: the label is the last column, %r (name another: FILE#NAME)", path, header[-1])
    return len(header) - 1


def _instead(column: str, header: list[str]) -> str:
    """Return what may have been meant: close names, or else the names there are."""
    lower = {name.lower(): name for name in header}
    close = [lower[name] for name in get_close_matches(column.lower(), lower, n=3)]
    if close:
        return f"did you mean {', '.join(map(repr, close))}?"
    if len(header) <= _NAMES_SHOWN:
        return f"there are {', '.join(header)}"
    first = ", ".join(header[:3])
    return f"of its {len(header)} columns the first are {first}, the last is {header[-1]}"


def _numbers(
    rows: list[list[str]], columns: list[int], header: list[str], lines: list[int], path: Path
) -> NDArray[np.float32]:
    try:
        return np.array([[row[number] for number in columns] for row in rows]).astype(np.float32)
    except ValueError as error:
        for row_number, row in enumerate(rows, start=1):
            for number in columns:
                if _number(row[number]) is None:
                    raise DataError(
                        f"{path}, line {lines[row_number - 1]}: row {row_number}, column "
                        f"{header[number]!r} holds {row[number]!r}, which is not a number; "
                        "features must be numbers"
                    ) from None
        raise DataError(f"{path}: features must be plain numbers: {error}") from error


def _labels(cells: list[str]) -> NDArray[np.generic]:
    numbers = [_number(cell) for cell in cells]
    if any(number is None for number in numbers):
        return np.array([cell.strip() for cell in cells])
    return np.array(numbers, dtype=np.float64)


def _as_input(
    x: NDArray[np.float32], input_shape: tuple[int | None, ...] | None, path: Path
) -> NDArray[np.float32]:
    """Give rows the axes of a model's input; a table cannot have them.

    An axis that the model leaves open is as long as the columns make it.
    """
    if input_shape is None or len(input_shape) == 1:
        return x
    known = math.prod(size for size in input_shape if size is not None)
    open_axes = input_shape.count(None)
    if open_axes > 1 or x.shape[1] % known or (not open_axes and x.shape[1] != known):
        takes = str(input_shape).replace("None", "any")
        wanted = f"a multiple of {known} numbers" if open_axes == 1 else f"{known} numbers"
        raise DataError(
            f"{path}: {x.shape[1]} feature columns, the model takes {takes}"
            + (": give the samples as .npz" if open_axes > 1 else f", {wanted}")
        )
    shape = tuple(-1 if size is None else size for size in input_shape)
    shaped = x.reshape(len(x), *shape)
    _log.info(
        "%s: rows of %d columns are read as %s in C order", path, x.shape[1], shaped.shape[1:]
    )
    return shaped


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
