"""The least memory that buffers with lifetimes can share, and where each lies then."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from edgecompress.pack.skyline import Effort, Search, most_alive, spans_of
from edgecompress.program.place import Request, placed

# States that are looked at: for the least height there can be, and for each height above it.
_LEAST_STATES = 30_000
_MORE_STATES = 7_500


@dataclass(frozen=True)
class Placement:
    """An offset for each buffer. `optimal` if it is proven that no plan is lower."""

    offsets: tuple[int, ...]
    size_bytes: int
    optimal: bool


def least_bytes(requests: Sequence[Request]) -> int:
    """Return the bytes of the buffers in use at the worst time: no plan can be below."""
    return most_alive(spans_of(requests))


def best_placement(
    requests: Sequence[Request], states: tuple[int, int] = (_LEAST_STATES, _MORE_STATES)
) -> Placement:
    """Return the lowest placement found.

    The height is halved in on, from the bytes in use at the worst time and from the best of many
    orders of placing; each trial is exact until its states are used up.

    Args:
        requests: the buffers; any offset is allowed that is a multiple of what all sizes are
            multiples of.
        states: how many states the search looks at, for the least height and for each other.
    """
    if not requests:
        return Placement((), 0, optimal=True)
    spans = spans_of(requests)
    least = most_alive(spans)
    search = Search(spans, Effort(states[0]))
    found = search.under(least)
    if found is not None:
        return Placement(tuple(found), least, optimal=True)
    return _between(search, requests, least, states[1])


def _between(search: Search, requests: Sequence[Request], least: int, states: int) -> Placement:
    """Return the lowest placement found above a height for which there was none."""
    step = gcd(*(request.size_bytes for request in requests))
    proven, failed = not search.effort.spent, least
    offsets, size = placed(requests)
    while size - failed > step:
        middle = failed + (size - failed) // step // 2 * step
        search.effort = Effort(states)
        found = search.under(middle)
        if found is None:
            failed = middle
            proven = not search.effort.spent
        else:
            offsets, size = found, _size(requests, found)
    return Placement(tuple(offsets), size, optimal=proven)


def _size(requests: Sequence[Request], offsets: Sequence[int]) -> int:
    return max(
        offset + request.size_bytes for offset, request in zip(offsets, requests, strict=True)
    )
