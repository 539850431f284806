"""Occlusion maps: how much less sure a model is of a class when a part of the sample is covered.

Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2014, section 4.2. Only
inputs and outputs are needed, so a .tflite has maps as a Keras model has.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import Inputs, Split, arrays_of, samples_at
from edgecompress.evaluate.score import outputs_for
from edgecompress.explain.places import Places
from edgecompress.explain.probabilities import probabilities
from edgecompress.tflite.interpreter import Runtime
from edgecompress.tflite.reader import read_model

Answer = Callable[[Inputs], Any]  # inputs [n, ...] -> outputs [n, ...]
Maps = NDArray[np.float64]  # [n, places of all inputs]

_TYPICAL = 1000  # samples that a mean is taken of
_AT_ONCE = 16  # samples whose variants are in memory together


def answering(model: Any, runtime: Runtime = "tflm") -> Answer:
    """Return a function from inputs to outputs of a keras.Model, or of the bytes of a .tflite."""
    if isinstance(model, bytes):
        return lambda x: outputs_for(model, x, runtime=runtime)
    from edgecompress.keras_files.outputs import predictor

    return predictor(model)


def baselines(model: Any, typical: Split) -> tuple[NDArray[np.float32], ...]:
    """Return what each input is covered with: the mean of typical samples, element by element.

    Ids of tokens have no mean: they are covered with 0, which stands for padding.
    """
    ids = _id_inputs(model)
    return tuple(
        np.zeros_like(values[0]) if place in ids else values[:_TYPICAL].mean(0, dtype=np.float32)
        for place, values in enumerate(arrays_of(typical.x))
    )


def _id_inputs(model: Any) -> tuple[int, ...]:
    if not isinstance(model, bytes):
        from edgecompress.keras_files.token_ids import id_inputs

        return id_inputs(model)
    graph = read_model(model).main
    types = [graph.tensors[index].type for index in graph.inputs]
    return tuple(place for place, name in enumerate(types) if name in ("INT32", "INT64"))


def occlusion_maps(
    answer: Answer,
    x: Inputs,
    classes: NDArray[np.int64],
    places: Sequence[Places],
    covers: Sequence[NDArray[np.float32]],
) -> Maps:
    """Return by how much the probability of a class falls when each place is covered.

    Args:
        answer: of the model.
        x: samples [n, ...]; a tuple for several inputs.
        classes: which class is looked at, for each sample.
        places: of each input.
        covers: of each input, what its places are covered with.

    Returns:
        float64 [n, places]: the places of the first input first. Negative where the model is surer
        without what is there.
    """
    parts = []
    for start in range(0, len(classes), _AT_ONCE):
        here = slice(start, start + _AT_ONCE)
        parts.append(_maps(answer, samples_at(x, here), classes[here], places, covers))
    return np.concatenate(parts)


def _maps(
    answer: Answer,
    x: Inputs,
    classes: NDArray[np.int64],
    places: Sequence[Places],
    covers: Sequence[NDArray[np.float32]],
) -> Maps:
    """Ask the model once for all: each sample as it is, then with each place covered."""
    arrays = arrays_of(x)
    count = 1 + sum(len(each.masks) for each in places)
    variants = [np.repeat(values[:, None], count, axis=1) for values in arrays]
    at = 1
    for values, each, cover in zip(variants, places, covers, strict=True):
        here = slice(at, at := at + len(each.masks))
        values[:, here] = np.where(each.masks, cover, values[:, here])
    rows = tuple(values.reshape(-1, *values.shape[2:]) for values in variants)
    sure = probabilities(answer(rows if len(rows) > 1 else rows[0]))
    of_class = sure[np.arange(len(sure)), np.repeat(classes, count)].reshape(-1, count)
    return of_class[:, :1] - of_class[:, 1:]
