"""Which channels go: of each group, those that are worth least."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.graph.groups import ChannelGroup
from edgecompress.prune.scores import Scores


def choose_channels(
    scores: Scores, widths: Mapping[str, int], groups: Sequence[ChannelGroup] = ()
) -> dict[str, list[int]]:
    """Return the channels to keep: of each group the `widths[name]` best, in their order.

    Args:
        scores: by group name, as `score_channels` returns them.
        widths: how many channels to keep, by group name.
        groups: where a group holds layers that have only some of its channels, each of these
            keeps its best one, even if that is more than the width.
    """
    parts = {group.name: group.parts for group in groups}
    return {name: _best(scores[name], width, parts.get(name, ())) for name, width in widths.items()}


def _best(scores: NDArray[Any], width: int, parts: Sequence[Sequence[int]]) -> list[int]:
    order = np.argsort(-scores, kind="stable").tolist()
    kept: set[int] = set()
    for part in parts:
        if kept.isdisjoint(part):
            kept.add(next(channel for channel in order if channel in part))
    for channel in order:
        if len(kept) >= width:
            break
        kept.add(channel)
    return sorted(kept)
