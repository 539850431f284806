"""Data of models with several inputs or outputs: an array for each, by its Keras layer's name."""

import logging
from collections.abc import Mapping, Sequence

from edgecompress.dataset.divide import TEST_SHARE, VALIDATION_SHARE, divide
from edgecompress.dataset.load import load_dataset
from edgecompress.dataset.named_arrays import (
    Arrays,
    Labels,
    Shapes,
    labels_of,
    pixels_among,
    read_arrays,
    samples_of,
    split_of,
)
from edgecompress.dataset.split import (
    Dataset,
    SealedSplit,
    Split,
    Task,
    Tasks,
)
from edgecompress.errors import DataError

_log = logging.getLogger(__name__)


def load_for(
    data: str,
    inputs: Shapes,
    outputs: Shapes,
    *,
    seed: int = 0,
    weights: Sequence[float] = (),
) -> Dataset:
    """Load data in the form of a model: of one input and output in any form, else by name.

    Arguments as of `load_named`.
    """
    if len(inputs) == len(outputs) == 1:
        ((_, taken),), ((_, given),) = inputs.items(), outputs.items()
        return load_dataset(data, input_shape=taken, output_shape=given, seed=seed)
    return load_named(data, inputs, outputs, seed=seed, weights=weights)


def load_named(
    data: str,
    inputs: Shapes,
    outputs: Shapes,
    *,
    seed: int = 0,
    weights: Sequence[float] = (),
) -> Dataset:
    """Load arrays named for a model's inputs and outputs, in the order of the model.

    Args:
        data: a `.npz` file, or `package.module:function`.
        inputs: shapes, without batch, by name, in the model's order.
        outputs: the same of the outputs; the labels of a single one may be named y.
        seed: divides what is not divided already.
        weights: of several outputs' losses; 1 each by default.

    Raises:
        DataError: an array is missing, or does not fit the model.
    """
    arrays, sha256 = read_arrays(data)
    parts = samples_of(arrays, inputs, data)
    if "train" not in parts:
        raise DataError(_missing(data, arrays, inputs, outputs))
    labelled = labels_of(arrays, inputs, outputs, tuple(parts), data)
    splits = {
        part: split_of(x, [each.y[part] for each in labelled], f"{data}, {part}")
        for part, x in parts.items()
    }
    task = _task(labelled, tuple(outputs), tuple(weights))
    train, validation, test = _divided(splits, task, seed)
    _log.info(
        "%s: %d training, %d validation and %d test samples, %s",
        data, train.size, validation.size, test.size, task,
    )  # fmt: skip
    pixels = pixels_among(arrays, inputs)
    return Dataset(
        train=train,
        validation=validation,
        test=SealedSplit(test),
        labels=labelled[0].classes if len(labelled) == 1 else (),
        task=task,
        source=data,
        sha256=sha256,
        pixel_range="0..255" if pixels else None,
        pixel_inputs=pixels or (0,),
    )


def _task(labelled: tuple[Labels, ...], names: tuple[str, ...], weights: tuple[float, ...]) -> Task:
    if len(labelled) == 1:
        return labelled[0].task
    tasks = tuple(each.task for each in labelled)
    return Tasks(names, tasks, weights or (1.0,) * len(tasks))


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
