"""Buffers placed one by one, each in the lowest gap."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from edgecompress.program.placement.request import Overlap, Request, size_of

_SEED = 0

# By buffer: those in use at the same time, how far below each it may begin, and how far above.
Meetings = Sequence[Sequence[tuple[int, int, int]]]


def meetings(requests: Sequence[Request], overlaps: Sequence[Overlap] = ()) -> Meetings:
    """Return for each buffer which others it must keep clear of, and by how many bytes."""
    allowed = {(o.written, o.read): o.clearance_bytes for o in overlaps}
    return [
        [
            (j, allowed.get((i, j), one.size_bytes), allowed.get((j, i), requests[j].size_bytes))
            for j in sorted(others)
        ]
        for i, (one, others) in enumerate(zip(requests, _met(requests), strict=True))
    ]


def _met(requests: Sequence[Request]) -> list[list[int]]:
    """Return by buffer the numbers of those in use at the same time."""
    found: list[list[int]] = [[] for _ in requests]
    living: list[int] = []
    for i in sorted(range(len(requests)), key=lambda number: requests[number].first):
        living = [j for j in living if requests[j].last >= requests[i].first]
        for j in living:
            found[i].append(j)
            found[j].append(i)
        living.append(i)
    return found


def in_order(
    requests: Sequence[Request],
    order: Iterable[int],
    meeting: Meetings,
    fixed: Mapping[int, int] | None = None,
) -> list[int]:
    """Return the offset of each buffer when they are placed in an order, each in the lowest gap.

    Args:
        requests: the buffers.
        order: their numbers, but for those that are fixed.
        meeting: see `meetings`.
        fixed: offsets, by number, of buffers that lie where they do.
    """
    offsets = dict(fixed or {})
    for number in order:
        taken = sorted(
            (offsets[other] - below, offsets[other] + above)
            for other, below, above in meeting[number]
            if other in offsets
        )
        offsets[number] = _lowest_outside(taken, requests[number].alignment_bytes)
    return [offsets[number] for number in range(len(requests))]


def _lowest_outside(taken: Sequence[tuple[int, int]], alignment: int) -> int:
    """Return the lowest offset in none of some open intervals."""
    candidate = 0
    for low, high in taken:
        if candidate <= low:
            break
        candidate = max(candidate, -(-high // alignment) * alignment)
    return candidate


def placed(
    requests: Sequence[Request],
    overlaps: Sequence[Overlap] = (),
    enough_bytes: int = 0,
    tries: int = 0,
) -> tuple[list[int], int]:
    """Return offsets and size of the best of several orders.

    Args:
        requests: the buffers.
        overlaps: pairs of them that may share memory.
        enough_bytes: a size that is small enough: nothing is tried any more.
        tries: how many variations of the order by size are tried; 0: plain orders.
    """
    meeting = meetings(requests, overlaps)
    best: tuple[list[int], int] | None = None
    for order in _variations(requests, tries) if tries else _plain(requests):
        offsets = in_order(requests, order, meeting)
        size = size_of(requests, offsets)
        if best is None or size < best[1]:
            best = offsets, size
        if best[1] <= enough_bytes:
            break
    return best or ([], 0)


def _plain(requests: Sequence[Request]) -> Iterator[list[int]]:
    keys: Sequence[Callable[[int], tuple[int, ...]]] = (
        lambda i: (-requests[i].size_bytes, requests[i].first),
        lambda i: (-requests[i].size_bytes, -requests[i].first),
        lambda i: (requests[i].first, -requests[i].size_bytes),
        lambda i: (-requests[i].size_bytes * (requests[i].last - requests[i].first + 1), i),
        lambda i: (requests[i].first - requests[i].last, -requests[i].size_bytes),
    )
    for key in keys:
        yield sorted(range(len(requests)), key=key)


def _variations(requests: Sequence[Request], tries: int) -> Iterator[list[int]]:
    random = np.random.default_rng(_SEED)
    base = next(_plain(requests))
    for _ in range(tries):
        weights = np.arange(len(base)) + random.normal(0, 2, len(base))
        yield [base[i] for i in np.argsort(weights, kind="stable")]
