"""The least memory that buffers with lifetimes can share, and where each lies then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd

from edgecompress.program.placement.greedy import placed
from edgecompress.program.placement.request import Overlap, Request, size_of
from edgecompress.program.placement.skyline import Search
from edgecompress.program.placement.spans import mirrored, most_alive, spans_of


@dataclass(frozen=True)
class Effort:
    """How much is tried. It is counted, never timed: the same buffers lie alike on each computer.

    Attributes:
        orders: of placing the buffers one by one, beyond the plain ones.
        least_states: that the exact search looks at in each direction of time, for the least height
            there can be.
        more_states: the same, for each height above it.
    """

    orders: int
    least_states: int
    more_states: int


THOROUGH = Effort(100, 10_000, 3_000)
GOOD = Effort(20, 2_000, 500)
QUICK = Effort(0, 300, 0)


@dataclass(frozen=True)
class Placement:
    """An offset for each buffer, and the size of all; no plan is below `least_bytes`."""

    offsets: tuple[int, ...]
    size_bytes: int
    least_bytes: int

    @property
    def optimal(self) -> bool:
        """Whether it is proven that no plan is lower."""
        return self.size_bytes <= self.least_bytes


@dataclass(frozen=True)
class _Task:
    """Buffers, the searches for plans of them, and what all offsets are multiples of."""

    requests: Sequence[Request]
    searches: Sequence[Search]
    step_bytes: int


def least_bytes(requests: Sequence[Request], overlaps: Sequence[Overlap] = ()) -> int:
    """Return the bytes of the buffers in use at the worst time: no plan can be below."""
    return most_alive(spans_of(requests, overlaps))


def best_placement(
    requests: Sequence[Request],
    overlaps: Sequence[Overlap] = (),
    *,
    enough_bytes: int = 0,
    effort: Effort = THOROUGH,
) -> Placement:
    """Return the lowest placement found.

    The height is halved in on, from the least that is not ruled out and from the best of many
    orders of placing; each trial is an exact search, from the left in time and from the right,
    until its states are used up.

    Args:
        requests: the buffers.
        overlaps: pairs of them, by their numbers, whose lives meet in a single call.
        enough_bytes: a size that is small enough.
        effort: how much is tried.
    """
    spans = spans_of(requests, overlaps)
    least = most_alive(spans)
    offsets, size = placed(requests, overlaps, max(least, enough_bytes))
    if size <= max(least, enough_bytes):
        return Placement(tuple(offsets), size, least)
    searches = (Search(spans), Search(mirrored(spans)))
    task = _Task(requests, searches, _step(requests, overlaps))
    least = searches[0].least_bytes(least, size, task.step_bytes)
    known, enough = Placement(tuple(offsets), size, least), max(least, enough_bytes)
    known = _tried(task, known, enough, effort.least_states)
    if known.size_bytes <= enough:
        return known
    if effort.orders:
        offsets, size = placed(requests, overlaps, enough, effort.orders)
        if size < known.size_bytes:
            known = replace(known, offsets=tuple(offsets), size_bytes=size)
    return _halved(task, known, enough, effort.more_states)


def _tried(task: _Task, known: Placement, limit_bytes: int, states: int) -> Placement:
    """Return a placement no higher than a limit, if one is found; else what is known now."""
    if known.size_bytes <= limit_bytes:
        return known
    for search in task.searches:
        found = search.under(limit_bytes, states)
        if found is not None:
            size = size_of(task.requests, found)
            return replace(known, offsets=tuple(found), size_bytes=size)
        if not search.spent:
            return replace(known, least_bytes=limit_bytes + task.step_bytes)
    return known


def _halved(task: _Task, known: Placement, failed: int, states: int) -> Placement:
    """Return the lowest placement found above a height for which there was none."""
    while states and known.size_bytes - failed > task.step_bytes:
        steps = (known.size_bytes - failed) // task.step_bytes
        middle = failed + steps // 2 * task.step_bytes
        known = _tried(task, known, middle, states)
        if known.size_bytes > middle:
            failed = middle
    return known


def _step(requests: Sequence[Request], overlaps: Sequence[Overlap]) -> int:
    """Return what all offsets are multiples of where each buffer lies as low as it can."""
    sizes = gcd(*(r.size_bytes for r in requests), *(o.clearance_bytes for o in overlaps))
    return gcd(sizes, *(r.alignment_bytes for r in requests if sizes % r.alignment_bytes))
