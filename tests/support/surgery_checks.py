"""Compare a pruned model with its masked original, on random inputs and random choices."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgecompress.graph.groups import ChannelGroup, find_groups
from edgecompress.graph.surgery import mask_channels, prune_channels
from edgecompress.keras_files.model import import_keras


def random_keep(groups: Sequence[ChannelGroup], rng: np.random.Generator) -> dict[str, list[int]]:
    """Choose channels of every group that may be pruned, removing at least one of each."""
    keep = {}
    for group in groups:
        if group.frozen is None:
            count = int(rng.integers(1, group.channels))
            chosen = set(rng.choice(group.channels, count, replace=False).tolist())
            for part in group.parts:
                if chosen.isdisjoint(part):
                    chosen.add(part[0])
            keep[group.name] = sorted(chosen)
    return keep


def random_inputs(model: Any, rng: np.random.Generator, samples: int = 5) -> list[np.ndarray]:
    arrays = []
    for tensor in model.inputs:
        shape = (samples, *(size or 6 for size in tensor.shape[1:]))
        if "int" in tensor.dtype:
            arrays.append(rng.integers(0, 10, shape).astype(tensor.dtype))
        else:
            arrays.append(rng.normal(size=shape).astype("float32"))
    return arrays


def outputs_of(model: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
    keras = import_keras()
    sequential = isinstance(model, keras.Sequential)
    packed = inputs[0] if sequential else keras.tree.pack_sequence_as(model.input, inputs)
    return [np.array(y) for y in keras.tree.flatten(model(packed, training=False))]


def relative_difference(first: list[np.ndarray], second: list[np.ndarray]) -> float:
    return max(
        float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-6))
        for a, b in zip(first, second, strict=True)
    )


def surgery_difference(model: Any, keep: dict[str, list[int]], seed: int) -> tuple[float, float]:
    """Return the relative difference of pruned and masked, and of original and masked."""
    inputs = random_inputs(model, np.random.default_rng(seed))
    masked = outputs_of(mask_channels(model, keep), inputs)
    pruned = outputs_of(prune_channels(model, keep), inputs)
    return (
        relative_difference(pruned, masked),
        relative_difference(outputs_of(model, inputs), masked),
    )


def prune_half(model: Any, seed: int = 0) -> dict[str, list[int]]:
    return random_keep(find_groups(model), np.random.default_rng(seed))
