"""Channel widths for a rate: how many channels each group keeps when a share of all goes."""

from collections.abc import Sequence
from math import gcd

import numpy as np

from edgecompress.errors import UsageError
from edgecompress.graph.groups import ChannelGroup
from edgecompress.prune.scores import Scores


def widths_for_rate(
    groups: Sequence[ChannelGroup],
    rate: float,
    multiple: int = 4,
    minimum: int = 1,
    *,
    scores: Scores | None = None,
) -> dict[str, int]:
    """Return how many channels each group that is not frozen keeps.

    Args:
        groups: of one model.
        rate: share of the channels to remove, 0 to below 1: of each group by itself, or of all
            groups together if `scores` are given.
        multiple: widths are rounded to the nearest multiple of it, finer for groups of fewer than
            two multiples, so that kernels that handle so many channels at once have no rest.
        minimum: channels that each group keeps at least.
        scores: worth of each channel, by group name; the channels worth least go, wherever they
            are.

    Raises:
        UsageError: `rate`, `multiple` or `minimum` is out of range.
    """
    if not 0 <= rate < 1:
        raise UsageError(f"rate {rate:g} is out of range: from 0, which keeps all, to below 1")
    if multiple < 1 or minimum < 1:
        raise UsageError(f"multiple {multiple} and minimum {minimum} must be at least 1")
    free = [group for group in groups if group.frozen is None]
    wanted = {group.name: group.channels * (1 - rate) for group in free}
    if scores is not None and free:
        every = np.sort(np.concatenate([scores[group.name] for group in free]))
        threshold = every[min(int(rate * len(every)), len(every) - 1)]
        wanted = {g.name: float((scores[g.name] >= threshold).sum()) for g in free}
    return {group.name: _rounded(group, wanted[group.name], multiple, minimum) for group in free}


def _rounded(group: ChannelGroup, wanted: float, multiple: int, minimum: int) -> int:
    """Round to the group's grid, where one channel of the group may be several of its layers."""
    step = multiple // gcd(multiple, group.granularity)
    while step > 1 and group.channels < 2 * step:
        step //= 2
    nearest = max(step, int(wanted / step + 0.5) * step)
    return min(group.channels, max(minimum, nearest))
