"""The arrays of a data set, by the names of a model's inputs and outputs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.check import match_input
from edgecompress.dataset.function import function_arrays
from edgecompress.dataset.labels import (
    Shape,
    check_classes,
    check_labels,
    check_names,
    encode,
    infer_task,
)
from edgecompress.dataset.npz import npz_arrays
from edgecompress.dataset.source import arrays_sha256
from edgecompress.dataset.split import Split, TaskOfOutput
from edgecompress.errors import DataError

Arrays = Mapping[str, NDArray[Any]]
Shapes = Mapping[str, Shape]

# Part -> what is put behind an input's or output's name.
_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "train": ("_train", ""),
    "validation": ("_val", "_validation", "_valid"),
    "test": ("_test",),
}


def read_arrays(data: str) -> tuple[Arrays, str]:
    """Return all arrays by name, and the digest of the data."""
    path = Path(data)
    if path.is_file() and path.suffix.lower() == ".npz":
        arrays, sha256 = npz_arrays(path)
        return {name: array for name, array in arrays.items() if array.ndim}, sha256
    if not path.exists() and re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", data):
        arrays = function_arrays(data, None)
        return arrays, arrays_sha256(arrays)
    what = "cannot hold several inputs or outputs" if path.exists() else "no such file"
    raise DataError(
        f"{data}: {what}; data of models with several inputs or outputs is a .npz file or "
        "package.module:function, with an array for each"
    )


def _first(arrays: Arrays, name: str, suffixes: Sequence[str]) -> NDArray[Any] | None:
    return next((arrays[name + suffix] for suffix in suffixes if name + suffix in arrays), None)


def _found_names(arrays: Arrays, inputs: Shapes) -> dict[str, Shape]:
    """Return the shapes by the names that arrays have: the inputs' own, or by order.

    Tensors of a .tflite from elsewhere may have lost the names of their layers; arrays then belong
    to them in the order of the file, if their shapes fit.
    """
    if len(inputs) == 1 and next(iter(inputs)) not in {_stem(name) for name in arrays}:
        return {"x": next(iter(inputs.values()))}
    stems = dict.fromkeys(_stem(name) for name in arrays)
    if any(name in stems for name in inputs):
        return dict(inputs)
    others = [stem for stem in stems if stem != "y"]
    by_order = dict(zip(others, inputs.values(), strict=False))
    fits = [
        (x := _first(arrays, stem, _SUFFIXES["train"])) is not None and x.shape[1:] == tuple(shape)
        for stem, shape in by_order.items()
    ]
    return by_order if len(fits) == len(inputs) and all(fits) else dict(inputs)


def _stem(name: str) -> str:
    return re.sub(r"_(train|val|validation|valid|test)$", "", name)


def samples_of(arrays: Arrays, inputs: Shapes, where: str) -> dict[str, tuple[NDArray[Any], ...]]:
    """Return an array for each input, as the model takes it, by part of the data.

    Raises:
        DataError: a part has arrays of some inputs only, or they do not fit the model.
    """
    wanted = _found_names(arrays, inputs)
    found = {
        part: _samples(arrays, wanted, suffixes, f"{where}, {part}")
        for part, suffixes in _SUFFIXES.items()
    }
    return {part: samples for part, samples in found.items() if samples is not None}


def pixels_among(arrays: Arrays, inputs: Shapes) -> tuple[int, ...]:
    """Return the positions of the inputs whose training samples are bytes: pixels of 0..255."""
    firsts = [_first(arrays, name, _SUFFIXES["train"]) for name in _found_names(arrays, inputs)]
    return tuple(i for i, x in enumerate(firsts) if x is not None and x.dtype == np.uint8)


def _samples(
    arrays: Arrays, inputs: Shapes, suffixes: Sequence[str], where: str
) -> tuple[NDArray[Any], ...] | None:
    """Return an array for each input, as the model takes it; None unless all are there."""
    found = [(_first(arrays, name, suffixes), name, shape) for name, shape in inputs.items()]
    present = [(x, name, shape) for x, name, shape in found if x is not None]
    if present and len(present) < len(found) and "" not in suffixes:
        missing = ", ".join(f"{name}{suffixes[0]}" for x, name, _ in found if x is None)
        raise DataError(f"{where}: no {missing}; each input needs an array in each part")
    if len(present) < len(found):
        return None
    return tuple(match_input(x, shape, f"{where}, {name}") for x, name, shape in present)


@dataclass(frozen=True)
class Labels:
    """What is known of one output: its labels by part, and what they make of it."""

    task: TaskOfOutput
    y: Mapping[str, NDArray[Any] | None]
    classes: tuple[str, ...]


def labels_of(
    arrays: Arrays, inputs: Shapes, outputs: Shapes, parts: Sequence[str], where: str
) -> tuple[Labels, ...]:
    """Return the labels of each output; of a single one, they may be called y.

    Of a .tflite from elsewhere, whose outputs lost their names, the labels are taken in order.

    Raises:
        DataError: of several outputs, some have labels and some have none.
    """
    stems = list(dict.fromkeys(_stem(name) for name in arrays))
    known = [name for name in outputs if name in stems]
    if len(outputs) == 1:
        ((name, shape),) = outputs.items()
        return (_of_output(arrays, name if known else "y", shape, parts, where),)
    if known and len(known) < len(outputs):
        missing = ", ".join(f"{name}_train" for name in outputs if name not in stems)
        raise DataError(f"{where}: no {missing}; it holds {', '.join(arrays)}")
    if not known and "y" in stems:
        wanted = ", ".join(f"{name}_train" for name in outputs)
        raise DataError(f"{where}: the model gives several outputs; name labels {wanted}, not y")
    others = [stem for stem in stems if stem not in _found_names(arrays, inputs)]
    names = known if known or len(others) != len(outputs) else others
    return tuple(
        _of_output(arrays, name, shape, parts, where)
        for name, shape in zip(names or outputs, outputs.values(), strict=True)
    )


def _of_output(arrays: Arrays, name: str, shape: Shape, parts: Sequence[str], where: str) -> Labels:
    found = {part: _first(arrays, name, _SUFFIXES[part]) for part in parts}
    y, known = encode(found, (), f"{where}, {name}")
    task = infer_task(shape, None, next((each for each in y.values() if each is not None), None))
    checked = {
        part: check_labels(each, task, shape, f"{where}, {name}, {part}")
        for part, each in y.items()
    }
    check_names(known, task, shape, f"{where}, {name}")
    check_classes(checked["train"], task, f"{where}, {name}")
    return Labels(task, checked, known or _numbered(task, shape))


def split_of(x: tuple[NDArray[Any], ...], y: Sequence[NDArray[Any] | None], where: str) -> Split:
    """Return samples of one array or more, and their labels, if all outputs have them."""
    known = [each for each in y if each is not None]
    counts = {len(values) for values in (*x, *known)}
    if len(counts) > 1:
        raise DataError(
            f"{where}: the arrays hold {', '.join(map(str, sorted(counts)))} samples; "
            "each needs an entry for each sample"
        )
    labels = (known[0] if len(y) == 1 else tuple(known)) if len(known) == len(y) else None
    return Split(x[0] if len(x) == 1 else x, labels)


def _numbered(task: TaskOfOutput, shape: Shape) -> tuple[str, ...]:
    if task not in ("classification", "binary"):
        return ()
    return tuple(str(index) for index in range(2 if task == "binary" else shape[-1] or 0))
