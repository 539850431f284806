"""Which range of pixel values a trained model expects: images hold 0..255, many want less."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.paged import changed
from edgecompress.dataset.split import Dataset, Split, Task, Tasks, arrays_of
from edgecompress.errors import DataError
from edgecompress.keras_files.token_ids import id_inputs

_log = logging.getLogger(__name__)

# Range -> (scale, offset) from pixels of 0..255. Where models do equally well in several, as
# untrained ones do, the first is taken.
_RANGES: Mapping[str, tuple[float, float]] = {
    "0..1": (1 / 255, 0.0),
    "-1..1": (1 / 127.5, -1.0),
    "0..255": (1.0, 0.0),
}
PIXEL_RANGES = ("auto", *_RANGES)
_SAMPLES = 500
_MAX_PIXEL = 255


def resolve_pixels(dataset: Dataset, model: Any, choice: str = "auto") -> Dataset:
    """Return the data set with its pixels in the range that the model expects.

    Args:
        dataset: one whose `pixel_range` is "0..255" for `choice` to matter; with "auto", others
            are returned as they are. Ids for an Embedding of the model are no pixels.
        model: the float model, a `keras.Model` or the bytes of a .tflite; for "auto" only.
        choice: "auto", "0..255", "0..1" or "-1..1".

    Raises:
        DataError: an unknown range, or one given for samples that are no pixels of 0..255.
    """
    dataset = _without_ids(dataset, model)
    if choice not in PIXEL_RANGES:
        raise DataError(f"pixel range {choice!r} is none of {', '.join(PIXEL_RANGES)}")
    if choice == "auto":
        if dataset.pixel_range != "0..255":
            return dataset
        choice = choose_pixel_range(model, dataset.train, dataset.task, dataset.pixel_inputs)
    if dataset.pixel_range is None:
        _check_pixels(dataset)
    elif dataset.pixel_range != "0..255":
        raise DataError(f"{dataset.source}: pixels are scaled to {dataset.pixel_range} already")
    inputs = dataset.pixel_inputs
    return replace(
        dataset,
        train=_scaled(dataset.train, choice, inputs),
        validation=_scaled(dataset.validation, choice, inputs),
        test=dataset.test.mapped(lambda split: _scaled(split, choice, inputs)),
        pixel_range=choice,
    )


def _without_ids(dataset: Dataset, model: Any) -> Dataset:
    """Return the data set without pixels where its bytes are ids for an Embedding of the model."""
    if dataset.pixel_range is None or not hasattr(model, "inputs"):
        return dataset
    ids = id_inputs(model)
    left = tuple(place for place in dataset.pixel_inputs if place not in ids)
    if left:
        return replace(dataset, pixel_inputs=left)
    return replace(dataset, pixel_range=None, pixel_inputs=(0,))


def choose_pixel_range(model: Any, split: Split, task: Task, inputs: tuple[int, ...] = (0,)) -> str:
    """Return the range in which the float model does best on training samples (500 at most).

    Args:
        model: a `keras.Model`, or the bytes of a float .tflite.
        split: training samples with pixels of 0..255.
        task: what the model is for; accuracy decides for classes, R2 otherwise.
        inputs: which of several inputs hold pixels, by position.
    """
    from edgecompress.evaluate.score import outputs_for
    from edgecompress.metrics import fitness  # which imports Split from this package

    if split.y is None and task != "reconstruction":
        _log.info("pixels stay 0..255: there are no labels to find the model's range by")
        return "0..255"
    chosen = np.linspace(0, split.size - 1, min(split.size, _SAMPLES)).astype(int)
    sample = split.take(chosen)
    scores = {}
    for name in _RANGES:
        scaled = _scaled(sample, name, inputs)
        answer = (
            outputs_for(model, scaled.x)
            if isinstance(model, bytes) or isinstance(task, Tasks) or isinstance(scaled.x, tuple)
            else model.predict(scaled.x, verbose=0, batch_size=64)
        )
        scores[name] = fitness(task, answer, scaled)
    best = max(scores, key=lambda name: scores[name])
    _log.info(
        "pixels are scaled to %s, where the model does best on %d training samples (%s)",
        best, sample.size, ", ".join(f"{name}: {score:.3f}" for name, score in scores.items()),
    )  # fmt: skip
    return best


def _scaled(split: Split, pixel_range: str, inputs: tuple[int, ...] = (0,)) -> Split:
    scale, offset = _RANGES[pixel_range]
    if (scale, offset) == (1.0, 0.0):
        return split

    def scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return values * np.float32(scale) + np.float32(offset)

    arrays = tuple(
        changed(values, scaled, np.float32) if position in inputs else values
        for position, values in enumerate(arrays_of(split.x))
    )
    return Split(arrays if isinstance(split.x, tuple) else arrays[0], split.y)


def _check_pixels(dataset: Dataset) -> None:
    if isinstance(dataset.train.x, tuple):
        raise DataError(
            f"{dataset.source}: none of its arrays holds pixels (of type uint8, 0..255); leave the "
            "pixel range out"
        )
    low, high = float(dataset.train.x.min()), float(dataset.train.x.max())
    if low < 0 or high > _MAX_PIXEL or high <= 1:
        raise DataError(
            f"{dataset.source}: samples run from {low:g} to {high:g}, so they are not pixels of "
            "0..255; leave the pixel range out"
        )
