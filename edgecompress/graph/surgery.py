"""Graph surgery: rebuild a model without some of its channels.

The smaller model has the same layers by name and topology and equals, to float rounding, the
original with these channels' effect removed (`mask_channels`).
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgecompress.errors import UsageError
from edgecompress.graph.groups import ChannelGroup, Grouping, group_channels
from edgecompress.graph.rebuild import rebuild
from edgecompress.graph.tracing.channels import Trace

Kept = npt.NDArray[np.bool_]  # by atom of a trace

# Group name -> channels to keep; groups that are not named keep all of theirs.
Keep = Mapping[str, Sequence[int]]


def prune_channels(model: Any, keep: Keep) -> Any:
    """Return a smaller copy of `model` that has only the channels of `keep`.

    Args:
        model: a functional or Sequential Keras model; it is left as it is.
        keep: for each group of `find_groups(model)` by name the channels to keep, in any order;
            a group left out keeps all its channels.

    Returns:
        A `keras.Model`, not compiled, with the weights of what was kept.

    Raises:
        ModelError: `model` is not functional, or holds a layer that cannot be copied.
        UsageError: `keep` names an unknown or frozen group, an unknown channel, or leaves a layer
            without channels.
    """
    grouping = group_channels(model)
    trace, kept = grouping.trace, kept_atoms(grouping, keep)
    counted = trace.sizes.items()
    sizes = {place: int(kept[atoms].sum()) for place, atoms in counted if atoms is not None}
    copy, pairs = rebuild(model, sizes)
    for source, target in _weights(pairs):
        target.assign(_sliced(source, trace, kept))
    return copy


def mask_channels(model: Any, keep: Keep) -> Any:
    """Return a copy of `model` of the same size in which removed channels have no effect.

    A channel has no effect when every weight that reads it is zero: the rows of the kernels of all
    convolutions, dense and recurrent layers it reaches, whatever batch normalization, activations,
    pooling, additions or depthwise convolutions it passes on the way.

    Raises:
        ModelError, UsageError: as `prune_channels`.
    """
    grouping = group_channels(model)
    kept = kept_atoms(grouping, keep)
    copy, pairs = rebuild(model, {})
    for source, target in _weights(pairs):
        target.assign(_masked(source, grouping.trace, kept))
    return copy


def kept_atoms(grouping: Grouping, keep: Keep) -> Kept:
    """Return for each atom of a trace whether it stays, after checking `keep`."""
    kept = np.ones(len(grouping.group), np.bool_)
    names = [group.name for group in grouping.groups]
    for name, channels in keep.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            raise UsageError(
                f"{name}: no channel group of that name"
                f"{f', did you mean {near[0]}?' if near else ''}"
            )
        index = names.index(name)
        _check(grouping.groups[index], channels)
        members = grouping.group == index
        kept[members] = np.isin(grouping.channel[members], np.array(channels, np.int64))
    return kept


def _check(group: ChannelGroup, channels: Sequence[int]) -> None:
    kept = set(channels)
    unknown = kept - set(range(group.channels))
    if unknown:
        raise UsageError(
            f"{group.name}: no channel {min(unknown)}; it has channels 0 to {group.channels - 1}"
        )
    if group.frozen is not None and len(kept) < group.channels:
        raise UsageError(f"{group.name}: its channels must stay: {group.frozen}")
    if not kept or any(kept.isdisjoint(part) for part in group.parts):
        raise UsageError(f"{group.name}: a layer would have no channels left; keep at least one")


def _weights(pairs: Sequence[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield each (original, copy) weight, then let layers derive what they keep beside them."""
    for old, new in pairs:
        yield from zip(old.weights, new.weights, strict=True)
        if hasattr(new, "finalize_state"):  # Normalization computes its constants from weights
            new.finalize_state()


def _sliced(variable: Any, trace: Trace, kept: Kept) -> npt.NDArray[Any]:
    """Return a weight without the slices of removed channels."""
    value = np.array(variable.numpy())
    for axis in range(value.ndim):
        entry = trace.indexed.get((id(variable), axis))
        if entry is not None:
            value = np.compress(kept[entry.channels], value, axis)
    return value


def _masked(variable: Any, trace: Trace, kept: Kept) -> npt.NDArray[Any]:
    """Return a weight with zeros where it reads removed channels."""
    value = np.array(variable.numpy())
    for axis in range(value.ndim):
        entry = trace.indexed.get((id(variable), axis))
        if entry is not None and entry.role == "consumer":
            value[(slice(None),) * axis + (~kept[entry.channels],)] = 0
    return value
