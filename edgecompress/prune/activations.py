"""How large the channels of a model are on real samples, where layers read them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split
from edgecompress.errors import DataError, UsageError
from edgecompress.graph.groups import ChannelGroup, Grouping, group_channels
from edgecompress.graph.walk import graph_of, inner_layers, walk
from edgecompress.keras_files.model import import_keras

_BATCH = 64


def mean_activations(
    model: Any, groups: Sequence[ChannelGroup], split: Split, *, samples: int, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Return the mean absolute value of each channel over the mean of its group, by group name.

    Measured at the inputs of the layers that read the channels, after normalization, activation
    and pooling. A channel that no layer reads counts as 1.

    Raises:
        UsageError: the model has several inputs. DataError: there are no samples.
    """
    if len(model.inputs) != 1:
        raise UsageError("score activation needs a model of one input; use l1 or l2")
    if split.size == 0:
        raise DataError("there are no samples to score by")
    x = split.sample(samples, seed).x
    grouping = group_channels(model)
    atoms = len(grouping.group)
    totals, counts = np.zeros(atoms), np.zeros(atoms)
    for start in range(0, len(x), _BATCH):
        _add_batch(model, grouping, x[start : start + _BATCH], totals, counts)
    return {
        group.name: _of_group(grouping, index, group.channels, totals, counts)
        for index, group in enumerate(grouping.groups)
        if group.name in {wanted.name for wanted in groups}
    }


def _add_batch(
    model: Any,
    grouping: Grouping,
    x: NDArray[np.float32],
    totals: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> None:
    """Run the model on a batch and add up what its reading layers are given, atom by atom."""
    keras, trace = import_keras(), grouping.trace
    readers = {id(entry.layer) for entry in trace.indexed.values() if entry.role == "consumer"}

    def visit(node: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Any]:
        layer = node.operation
        graph = graph_of(layer)
        if graph is not None:
            return walk(graph, keras.tree.flatten(args[0]), visit)
        if any(id(part) in readers for part in (layer, *inner_layers(layer))):
            tensor = trace.read[id(node)][0]
            for axis, atoms in tensor.held():
                others = tuple(i for i in range(len(tensor.shape)) if i != axis)
                np.add.at(totals, atoms, np.abs(np.array(args[0])).mean(others))
                np.add.at(counts, atoms, 1)
        return list(keras.tree.flatten(layer(*args, **kwargs)))

    walk(graph_of(model), [keras.ops.convert_to_tensor(x)], visit)


def _of_group(
    grouping: Grouping,
    index: int,
    channels: int,
    totals: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> NDArray[np.float64]:
    members = grouping.group == index
    of = grouping.channel[members]
    total = np.bincount(of, totals[members], channels)
    count = np.bincount(of, counts[members], channels)
    if not count.any():
        return np.ones(channels)
    means = total / np.maximum(count, 1)
    return means / means.mean() if means.mean() > 0 else means
