"""Channel groups: the channels of a model that can only be removed together.

After Fang et al., DepGraph: Towards Any Structural Pruning (CVPR 2023, arXiv:2301.12900). Layers
whose outputs meet in an addition share a group; a channel of the group is then one channel of each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from edgecompress.graph.tracing.channels import Indexed, Role, Trace
from edgecompress.graph.tracing.follow import trace_model


@dataclass(frozen=True)
class WeightAxis:
    """One axis of a layer's weight that holds channels of a group."""

    layer: str  # path: names of the models the layer is nested in, and its own: "encoder/conv1"
    weight: str  # "kernel", "gamma", ...
    axis: int
    channels: tuple[int, ...] = field(repr=False)  # channel at each position, -1: another group's


@dataclass(frozen=True)
class ChannelGroup:
    """Channels 0 to `channels` - 1, each removable as a whole, unless `frozen` says why not."""

    name: str  # path of its first producer
    channels: int
    producers: tuple[WeightAxis, ...]
    consumers: tuple[WeightAxis, ...]
    carriers: tuple[WeightAxis, ...]  # bias, batch norm, depthwise kernels
    frozen: str | None
    # Channels of which at least one must stay, for each producer that has only some of them.
    parts: tuple[tuple[int, ...], ...]

    @property
    def weights(self) -> tuple[WeightAxis, ...]:
        """Every weight axis that shrinks with the group."""
        return self.producers + self.consumers + self.carriers

    @property
    def granularity(self) -> int:
        """Positions of a producer that go with one channel: of a grouped convolution, several."""
        counts = [np.bincount(_own(axis), minlength=self.channels) for axis in self.producers]
        return int(min(count[count > 0].min() for count in counts))


@dataclass(frozen=True)
class Grouping:
    """The channel groups of a model, and where each atom of its trace went."""

    trace: Trace
    groups: tuple[ChannelGroup, ...]
    group: npt.NDArray[np.int64]  # atom -> index of its group, -1: fixed
    channel: npt.NDArray[np.int64]  # atom -> channel within its group


def find_groups(model: Any) -> tuple[ChannelGroup, ...]:
    """Return the channel groups of a functional or Sequential Keras model, in data-flow order.

    A group is frozen, with the reason in words, if one of its channels is a model output, is tied
    to a model input, or reaches a layer that mixes channels or is not understood.

    Raises:
        ModelError: `model` is neither functional nor Sequential.
    """
    return group_channels(model).groups


def group_channels(model: Any) -> Grouping:
    """Return the channel groups of a model with the trace they were found by."""
    trace = trace_model(model)
    roots = trace.roots()
    owner = _groups_of_roots(trace, roots)
    group = np.array([owner.get(int(root), -1) for root in roots], np.int64)
    channel = np.full(len(roots), -1, np.int64)
    count = max(owner.values(), default=-1) + 1
    for index in range(count):
        members = np.flatnonzero(group == index)
        channel[members] = np.unique(roots[members], return_inverse=True)[1]
    found = [_group(trace, group, channel, index) for index in range(count)]
    return Grouping(trace, tuple(found), group, channel)


def _groups_of_roots(trace: Trace, roots: npt.NDArray[np.int64]) -> dict[int, int]:
    """Number the sets of producers that share channels, and return root -> number."""
    owner: dict[int, int] = {}
    for number, atoms in enumerate(trace.producers.values()):
        own = set(roots[atoms].tolist())
        merged = {owner[root] for root in own if root in owner}
        target = min(merged, default=number)
        for root, group in owner.items():
            if group in merged:
                owner[root] = target
        owner.update(dict.fromkeys(own, target))
    numbers = {group: index for index, group in enumerate(sorted(set(owner.values())))}
    return {root: numbers[group] for root, group in owner.items()}


def _group(
    trace: Trace, group: npt.NDArray[np.int64], channel: npt.NDArray[np.int64], index: int
) -> ChannelGroup:
    def axes(role: Role) -> tuple[WeightAxis, ...]:
        held = (entry for entry in trace.indexed.values() if entry.role == role)
        held = (entry for entry in held if bool(np.any(group[entry.channels] == index)))
        return tuple(_weight_axis(trace, entry, group, channel, index) for entry in held)

    producers = axes("producer")
    channels = int(channel[group == index].max()) + 1
    return ChannelGroup(
        name=producers[0].layer,
        channels=channels,
        producers=producers,
        consumers=axes("consumer"),
        carriers=axes("carrier"),
        frozen=_reason(trace, group, index, channels),
        parts=_parts(producers, channels),
    )


def _weight_axis(
    trace: Trace,
    entry: Indexed,
    group: npt.NDArray[np.int64],
    channel: npt.NDArray[np.int64],
    index: int,
) -> WeightAxis:
    atoms = entry.channels
    own = np.where(group[atoms] == index, channel[atoms], -1)
    name = trace.path(entry.layer)
    return WeightAxis(name, entry.variable.name, entry.axis, tuple(own.tolist()))


def _reason(trace: Trace, group: npt.NDArray[np.int64], index: int, channels: int) -> str | None:
    reasons = (text for atoms, text in trace.frozen if bool(np.any(group[atoms] == index)))
    return next(reasons, "a single channel" if channels == 1 else None)


def _parts(producers: Iterable[WeightAxis], channels: int) -> tuple[tuple[int, ...], ...]:
    held = {tuple(np.unique(_own(axis)).tolist()) for axis in producers}
    return tuple(sorted(part for part in held if len(part) < channels))


def _own(axis: WeightAxis) -> npt.NDArray[np.int64]:
    """Return the channels along an axis that belong to its group."""
    channels = np.array(axis.channels, np.int64)
    return channels[channels >= 0]


def group_parameters(model: Any, groups: Sequence[ChannelGroup]) -> dict[str, int]:
    """Return for each group how many parameters lie in slices of its channels.

    A parameter between two groups (a convolution's kernel) counts for both.
    """
    from edgecompress.graph.walk import leaf_layers

    shapes = {
        (path, weight.name): tuple(weight.shape)
        for path, layer in leaf_layers(model)
        for weight in layer.weights
    }
    return {group.name: _parameters(group, shapes) for group in groups}


def _parameters(group: ChannelGroup, shapes: dict[tuple[str, str], tuple[int, ...]]) -> int:
    total = 0
    for key in dict.fromkeys((axis.layer, axis.weight) for axis in group.weights):
        outside = list(shapes[key])
        for axis in group.weights:
            if (axis.layer, axis.weight) == key:
                outside[axis.axis] -= len(_own(axis))
        total += int(np.prod(shapes[key])) - int(np.prod(outside))
    return total
