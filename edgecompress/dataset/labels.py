"""What labels mean: names, one-hot rows and numbers to class indices or targets, and the task."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import Task, TaskOfOutput
from edgecompress.errors import DataError, did_you_mean

_NAMES_SHOWN = 12

Shape = tuple[int | None, ...]
Labels = NDArray[Any]


def infer_task(
    output_shape: Shape | None, input_shape: Shape | None, y: Labels | None
) -> TaskOfOutput:
    """Say what a model is for, from its shapes (without batch) and its labels (None, or encoded).

    An output shaped as the input is a reconstruction, unless the labels are targets, or as many
    classes as outputs. One output is a probability for labels 0 and 1, else a regression; several
    outputs are classes for whole labels, else a regression.
    """
    classes = y is None or (y.ndim == 1 and _whole(y))
    if output_shape is None:
        return "reconstruction" if y is None else "classification" if classes else "regression"
    outputs = math.prod(size or 1 for size in output_shape)
    if output_shape == input_shape and classes and (y is None or y.max() + 1 != outputs):
        return "reconstruction"
    if y is None:
        return "classification" if outputs > 1 else "regression"
    if outputs == 1:
        return "binary" if classes and set(np.unique(y)) <= {0, 1} else "regression"
    return "classification" if classes else "regression"


def encode(
    parts: Mapping[str, Labels | None], names: Sequence[str], where: str
) -> tuple[dict[str, Labels | None], tuple[str, ...]]:
    """Turn names and one-hot rows into indices.

    Args:
        parts: the labels of each part of a data set, as found.
        names: names of the classes by index; empty to take the names found, sorted.
        where: what to name in messages.

    Returns:
        The labels of each part, as indices [n] or targets [n, ...], and the names of the classes
        (empty where neither the data nor `names` has any).

    Raises:
        DataError: a name is not among `names`, or labels are neither names nor numbers.
    """
    found = {part: y for part, y in parts.items() if y is not None}
    if not any(y.dtype.kind in "USO" for y in found.values()):
        numbers = {part: _numbers(y, f"{where}, {part}") for part, y in found.items()}
        return {part: numbers.get(part) for part in parts}, tuple(names)
    texts = {part: _texts(y, f"{where}, {part}") for part, y in found.items()}
    known = tuple(names) or tuple(sorted({str(name) for text in texts.values() for name in text}))
    indices = {part: _indices(text, known, f"{where}, {part}") for part, text in texts.items()}
    return {part: indices.get(part) for part in parts}, known


def check_labels(
    y: Labels | None, task: Task, output_shape: Shape | None, where: str
) -> Labels | None:
    """Return labels in the type of the task, checked against the model's outputs.

    Raises:
        DataError: a class that the model has no output for, or targets of another shape.
    """
    if y is None:
        return None
    if task == "regression":
        return _targets(y, output_shape, where)
    limit = None
    if task == "classification" and output_shape is not None:
        limit = math.prod(size or 1 for size in output_shape)
    if not _whole(y) or y.min() < 0 or (limit is not None and y.max() >= limit):
        raise DataError(
            f"{where}: labels run from {y.min():g} to {y.max():g}"
            + (f", but the model has {limit} classes: " if limit else ": ")
            + f"number them 0 to {f'{limit - 1}' if limit else 'the number of classes less one'}"
        )
    return y.astype(np.int64)


def check_names(names: Sequence[str], task: Task, output_shape: Shape | None, where: str) -> None:
    """Raise DataError unless the model has an output for each class that the data names.

    Classes are numbered in alphabetical order: of fewer than the model has outputs, the numbers
    would not be the model's.
    """
    if not names or task not in ("classification", "binary") or output_shape is None:
        return
    outputs = 2 if task == "binary" else math.prod(size or 1 for size in output_shape)
    if len(names) != outputs:
        shown = ", ".join(names[:_NAMES_SHOWN]) + (", ..." if len(names) > _NAMES_SHOWN else "")
        raise DataError(
            f"{where}: {len(names)} classes ({shown}), but the model tells {outputs} apart: give "
            "the data the model was trained on, with a class for each of its outputs"
        )


def check_classes(y: Labels | None, task: Task, where: str) -> None:
    """Raise DataError if training labels of a classifier are all the same."""
    if y is not None and task in ("classification", "binary") and (y == y[0]).all():
        raise DataError(
            f"{where}: all {len(y)} training samples have the label {y[0]}; "
            "a classifier needs samples of at least two classes"
        )


def _numbers(y: Labels, where: str) -> Labels:
    """Return indices [n] for columns and one-hot rows, other numbers as they are."""
    if y.dtype.kind not in "fiub" or y.size == 0:
        raise DataError(
            f"{where}: labels are {y.dtype} of shape {y.shape}; each sample needs a number or name"
        )
    if np.issubdtype(y.dtype, np.inexact) and not np.isfinite(y).all():
        raise DataError(f"{where}: labels hold NaN or infinity; repair or drop those samples")
    if y.ndim > 1 and y[0].size == 1:
        y = y.reshape(len(y))
    if y.ndim == 2 and ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all():  # noqa: PLR2004
        return np.asarray(y.argmax(axis=1))
    return y.astype(np.int64) if y.dtype == bool else y


def _texts(y: Labels, where: str) -> NDArray[np.str_]:
    """Return names [n]; those that are bytes are read as UTF-8."""
    if y.size == 0:
        raise DataError(f"{where}: labels are of shape {y.shape}; each sample needs a name")
    names = y.reshape(len(y), -1)[:, 0]
    try:
        return np.char.decode(names, "utf-8") if names.dtype.kind == "S" else names.astype(str)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}: the label {error.object!r} is no text in UTF-8; save names as text, or "
            "number the classes"
        ) from error


def _indices(text: NDArray[np.str_], names: Sequence[str], where: str) -> NDArray[np.int64]:
    index = {name: number for number, name in enumerate(names)}
    unknown = sorted({str(name) for name in text} - set(index))
    if unknown:
        raise DataError(
            f"{where}: label {unknown[0]!r} is not among the classes {', '.join(names)}"
            f"{did_you_mean(unknown[0], names)}"
        )
    return np.array([index[str(name)] for name in text], dtype=np.int64)


def _targets(y: Labels, output_shape: Shape | None, where: str) -> NDArray[np.float32]:
    if y.ndim == 1:
        y = y[:, np.newaxis]
    if output_shape is not None and y.shape[1:] != output_shape:
        raise DataError(
            f"{where}: labels have shape {y.shape[1:]}, the model's output {output_shape}; "
            "they must be class indices, one-hot rows, or targets of the output's shape"
        )
    return y.astype(np.float32)


def _whole(y: Labels) -> bool:
    return bool((y == np.floor(y)).all())
