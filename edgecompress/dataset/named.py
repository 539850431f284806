"""Data of models with several inputs or outputs: an array for each, by its Keras layer's name."""

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgecompress.dataset.arrays import npz_arrays
from edgecompress.dataset.check import match_input
from edgecompress.dataset.divide import TEST_SHARE, VALIDATION_SHARE, divide
from edgecompress.dataset.function import function_arrays
from edgecompress.dataset.labels import Shape, check_classes, check_labels, encode, infer_task
from edgecompress.dataset.load import load_dataset
from edgecompress.dataset.source import arrays_sha256
from edgecompress.dataset.split import Dataset, SealedSplit, Split, Task
from edgecompress.errors import DataError

_log = logging.getLogger(__name__)

# Part -> what is put behind an input's or output's name.
_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "train": ("_train", ""),
    "validation": ("_val", "_validation", "_valid"),
    "test": ("_test",),
}
Arrays = Mapping[str, NDArray[Any]]
Shapes = Mapping[str, Shape]


def load_for(data: str, inputs: Shapes, outputs: Shapes, *, seed: int = 0) -> Dataset:
    """Load data in the form of a model: of one input and output in any form, else by name."""
    if len(inputs) == len(outputs) == 1:
        ((_, taken),), ((_, given),) = inputs.items(), outputs.items()
        return load_dataset(data, input_shape=taken, output_shape=given, seed=seed)
    return load_named(data, inputs, outputs, seed=seed)


def load_named(data: str, inputs: Shapes, outputs: Shapes, *, seed: int = 0) -> Dataset:
    """Load arrays named for a model's inputs and outputs, in the order of the model.

    Args:
        data: a `.npz` file, or `package.module:function`.
        inputs: shapes, without batch, by name, in the model's order.
        outputs: the same of the outputs; the labels of a single one may be named y.
        seed: divides what is not divided already.

    Raises:
        DataError: an array is missing, or does not fit the model.
    """
    arrays, sha256 = _read(data)
    wanted = _found_names(arrays, inputs)
    parts = {
        part: found
        for part, suffixes in _SUFFIXES.items()
        if (found := _samples(arrays, wanted, suffixes, f"{data}, {part}")) is not None
    }
    if "train" not in parts:
        raise DataError(_missing(data, arrays, inputs, outputs))
    label = _label_name(arrays, outputs)
    labels, known = encode(
        {part: _first(arrays, label, _SUFFIXES[part]) for part in parts}, (), data
    )
    (shape,) = outputs.values()
    task = infer_task(shape, None, next((y for y in labels.values() if y is not None), None))
    splits = {
        part: _split(x, check_labels(labels[part], task, shape, f"{data}, {part}"), data, part)
        for part, x in parts.items()
    }
    check_classes(splits["train"].y, task, data)
    train, validation, test = _divided(splits, task, seed)
    _log.info(
        "%s: %d training, %d validation and %d test samples, %s",
        data, train.size, validation.size, test.size, task,
    )  # fmt: skip
    names = known or _numbered(task, shape)
    return Dataset(train, validation, SealedSplit(test), names, task, data, sha256)


def _read(data: str) -> tuple[Arrays, str]:
    """Return all arrays by name, and the digest of the data."""
    path = Path(data)
    if path.is_file() and path.suffix.lower() == ".npz":
        return npz_arrays(path)
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


def _samples(
    arrays: Arrays, inputs: Shapes, suffixes: Sequence[str], where: str
) -> tuple[NDArray[Any], ...] | None:
    """Return an array for each input, as the model takes it; None unless all are there."""
    found = [(_first(arrays, name, suffixes), name, shape) for name, shape in inputs.items()]
    present = [(x, name, shape) for x, name, shape in found if x is not None]
    if len(present) < len(found):
        return None
    return tuple(match_input(x, shape, f"{where}, {name}") for x, name, shape in present)


def _label_name(arrays: Arrays, outputs: Shapes) -> str:
    """Return what the labels of the single output are called."""
    (name,) = outputs
    return name if any(_stem(found) == name for found in arrays) else "y"


def _split(x: tuple[NDArray[Any], ...], y: NDArray[Any] | None, where: str, part: str) -> Split:
    counts = {len(values) for values in (*x, *(() if y is None else (y,)))}
    if len(counts) > 1:
        raise DataError(
            f"{where}, {part}: the arrays hold {', '.join(map(str, sorted(counts)))} samples; "
            "each needs an entry for each sample"
        )
    return Split(x[0] if len(x) == 1 else x, y)


def _numbered(task: Task, shape: Shape) -> tuple[str, ...]:
    if task not in ("classification", "binary"):
        return ()
    return tuple(str(index) for index in range(2 if task == "binary" else shape[-1] or 0))


def _divided(splits: Mapping[str, Split], task: Task, seed: int) -> tuple[Split, Split, Split]:
    """Return the training, validation and test samples, taken from the first if need be."""
    parts, by_class = dict(splits), task in ("classification", "binary")
    for part, share in (("test", TEST_SHARE), ("validation", VALIDATION_SHARE)):
        if part not in parts:
            parts["train"], parts[part] = divide(parts["train"], share, seed, by_class=by_class)
    return parts["train"], parts["validation"], parts["test"]


def _missing(data: str, arrays: Arrays, inputs: Shapes, outputs: Shapes) -> str:
    wanted = ", ".join(f"{name} {shape}" for name, shape in inputs.items())
    answers = ", ".join(f"{name} {shape}" for name, shape in outputs.items())
    holds = ", ".join(f"{name} {array.shape[1:]}" for name, array in arrays.items())
    names = [*inputs, *(outputs if len(outputs) > 1 else ["y"])]
    return (
        f"{data}: the model takes {wanted} and gives {answers} for each sample; the data holds "
        f"{holds or 'nothing'}. Name an array for each: {', '.join(f'{n}_train' for n in names)}, "
        "and the same with _test (and _val), or without either to have them split by seed"
    )
