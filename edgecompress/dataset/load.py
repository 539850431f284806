"""From what a user writes after `--data` to a data set that fits the model, divided by seed."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from edgecompress.dataset.arrays import read_npz
from edgecompress.dataset.check import match_input
from edgecompress.dataset.divide import TEST_SHARE, VALIDATION_SHARE, divide
from edgecompress.dataset.function import read_function
from edgecompress.dataset.images import read_images
from edgecompress.dataset.labels import (
    Labels,
    Shape,
    check_classes,
    check_labels,
    check_names,
    encode,
    infer_task,
)
from edgecompress.dataset.source import Source
from edgecompress.dataset.split import Dataset, SealedSplit, Split, Task
from edgecompress.dataset.table import read_csv
from edgecompress.errors import DataError
from edgecompress.progress import doing

_log = logging.getLogger(__name__)

_MOST_CLASSES = 1 << 16
_FORMS = (
    "a .npz file, a folder of images by class, a .csv file (FILE#COLUMN names the label column), "
    "or package.module:function"
)


@doing("reading the data")
def load_dataset(
    data: str,
    *,
    input_shape: Shape | None = None,
    output_shape: Shape | None = None,
    seed: int = 0,
    labels: Sequence[str] | Path = (),
) -> Dataset:
    """Load a data set in any of its forms.

    A validation split is taken from the training samples where the data has none, and a test
    split where it has none, class by class, by seed. Starts no TensorFlow, unless the function
    that is named uses it.

    Args:
        data: a `.npz` file, a folder of images, a `.csv` file (`data.csv#column` names the label
            column), or `package.module:function`.
        input_shape: what the model takes, without the batch axis; None takes samples as they are.
        output_shape: what the model gives, without the batch axis; None guesses the task from
            the labels alone.
        seed: chooses the validation samples (and the test samples).
        labels: names of the classes by index, or a text file with a name a line. Folders and
            names in the data are then numbered by it, and not in alphabetical order.

    Raises:
        DataError: the data is missing, damaged, empty, or does not fit the model.
    """
    names = _label_names(labels)
    source = _read(data, input_shape, names)
    parts, known, task = _matched(source, names, input_shape, output_shape, data)
    check_classes(parts["train"].y, task, data)
    train, test = _divided(parts, "test", TEST_SHARE, task, seed)
    train, validation = _divided(
        {**parts, "train": train}, "validation", VALIDATION_SHARE, task, seed
    )
    _log.info(
        "%s: %d training, %d validation and %d test samples, %s",
        data, train.size, validation.size, test.size, task,
    )  # fmt: skip
    return Dataset(
        train=train,
        validation=validation,
        test=SealedSplit(test),
        labels=_class_names(known, parts["train"].y, task, output_shape, data),
        task=task,
        source=data,
        sha256=source.sha256,
        pixel_range="0..255" if source.pixels else None,
    )


def _read(data: str, input_shape: Shape | None, labels: Sequence[str]) -> Source:
    """Read the data by the form it has."""
    file, _, column = data.partition("#")
    if Path(file).suffix.lower() == ".csv" and Path(file).is_file():
        return read_csv(Path(file), column or None, input_shape)
    path = Path(data)
    if path.is_dir():
        return read_images(path, input_shape, labels)
    if path.is_file():
        if path.suffix.lower() == ".npz":
            return read_npz(path)
        raise DataError(f"{data}: a file of an unknown kind; data is {_FORMS}")
    if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", data):
        return read_function(data, input_shape)
    raise DataError(f"{data}: no such file or folder; data is {_FORMS}")


def _matched(
    source: Source,
    names: Sequence[str],
    input_shape: Shape | None,
    output_shape: Shape | None,
    where: str,
) -> tuple[dict[str, Split], tuple[str, ...], Task]:
    """Return the parts in the shapes and types of the model, the class names, and the task."""
    x = {
        part: match_input(split.x, input_shape, f"{where}, {part}")
        for part, split in source.parts.items()
    }
    for part, samples in x.items():
        if samples.shape[1:] != x["train"].shape[1:]:
            raise DataError(
                f"{where}: {part} samples have shape {samples.shape[1:]}, training samples "
                f"{x['train'].shape[1:]}; they must be alike"
            )
    found = {part: split.y for part, split in source.parts.items()}
    y, known = encode(found, source.labels or names, where)
    task = infer_task(output_shape, input_shape, _first_labels(y.values()))
    check_names(known if not names else (), task, output_shape, where)
    parts = {
        part: Split(x[part], check_labels(y[part], task, output_shape, f"{where}, {part}"))
        for part in source.parts
    }
    return parts, known, task


def _divided(
    parts: Mapping[str, Split], part: str, share: float, task: Task, seed: int
) -> tuple[Split, Split]:
    """Return the training samples and the part that is wanted, taken from them if need be."""
    if part in parts:
        return parts["train"], parts[part]
    return divide(parts["train"], share, seed, by_class=task in ("classification", "binary"))


def _first_labels(labels: Iterable[Labels | None]) -> Labels | None:
    return next((y for y in labels if y is not None), None)


def _class_names(
    known: tuple[str, ...], y: Labels | None, task: Task, output_shape: Shape | None, where: str
) -> tuple[str, ...]:
    """Return a name for each class; its number where the data has no names."""
    if task not in ("classification", "binary"):
        return ()
    count = 2 if task == "binary" else (output_shape or (None,))[-1]
    if count is None:
        count = len(known) if y is None else int(y.max()) + 1
    if count > _MOST_CLASSES:
        raise DataError(
            f"{where}: labels run to {count - 1:,}, and {_MOST_CLASSES:,} classes are the most: "
            "number the classes from 0; for targets of a regression, give the model, too"
        )
    if known and y is not None and y.max() >= len(known):
        raise DataError(
            f"{where}: labels run to {y.max()}, but there are {len(known)} class names; "
            "name each class"
        )
    return known or tuple(str(number) for number in range(count))


def _label_names(labels: Sequence[str] | Path) -> tuple[str, ...]:
    if not isinstance(labels, Path):
        return tuple(labels)
    try:
        lines = labels.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{labels}: cannot read the class names: {error}") from error
    return tuple(line.strip() for line in lines if line.strip())
