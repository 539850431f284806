"""Where buffers with lifetimes lie so that they take little memory together."""

from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

_TRIES = 400  # orders that are tried beyond the plain ones, while a smaller plan may exist
_SEED = 0


@dataclass(frozen=True)
class Request:
    """A buffer to place: its size, and the first and the last time that it is used."""

    size_bytes: int
    first: int
    last: int


def placed(requests: Sequence[Request]) -> tuple[list[int], int]:
    """Return the offset of each buffer, and the size of all.

    Buffers are placed one by one, each in the lowest gap. Several orders are tried, then
    variations of the best, until the size is that of the buffers in use at the worst time, which
    no plan can be below.
    """
    least = _lower_bound(requests)
    best: tuple[list[int], int] = ([], 0)
    for order in _orders(requests):
        offsets = _in_order(requests, order)
        size = max((o + r.size_bytes for o, r in zip(offsets, requests, strict=True)), default=0)
        if not best[0] or size < best[1]:
            best = offsets, size
        if best[1] <= least:
            break
    return best


def _lower_bound(requests: Sequence[Request]) -> int:
    times = {request.first for request in requests}
    return max(
        (sum(r.size_bytes for r in requests if r.first <= t <= r.last) for t in times), default=0
    )


def _orders(requests: Sequence[Request]) -> Iterator[list[int]]:
    numbers = list(range(len(requests)))
    keys: Sequence[Callable[[int], tuple[int, ...]]] = (
        lambda i: (-requests[i].size_bytes, requests[i].first),
        lambda i: (-requests[i].size_bytes, -requests[i].first),
        lambda i: (requests[i].first, -requests[i].size_bytes),
        lambda i: (-requests[i].size_bytes * (requests[i].last - requests[i].first + 1), i),
        lambda i: (requests[i].first - requests[i].last, -requests[i].size_bytes),
    )
    for key in keys:
        yield sorted(numbers, key=key)
    random = np.random.default_rng(_SEED)
    base = sorted(numbers, key=keys[0])
    for _ in range(_TRIES if len(numbers) > 1 else 0):
        weights = np.arange(len(base)) + random.normal(0, 2, len(base))
        yield [base[i] for i in np.argsort(weights, kind="stable")]


def _in_order(requests: Sequence[Request], order: Sequence[int]) -> list[int]:
    offsets = [0] * len(requests)
    done: list[tuple[int, Request]] = []
    for number in order:
        offsets[number] = lowest_gap(done, requests[number])
        insert(done, offsets[number], requests[number])
    return offsets


def lowest_gap(done: Sequence[tuple[int, Request]], wanted: Request) -> int:
    """Return the lowest offset where a buffer meets none that is in use at the same time.

    Args:
        done: buffers with their offsets, in the order of these.
        wanted: the buffer to place.
    """
    candidate = 0
    for offset, other in done:
        if other.first > wanted.last or wanted.first > other.last:
            continue
        if offset - candidate >= wanted.size_bytes:
            break
        candidate = max(candidate, offset + other.size_bytes)
    return candidate


def insert(done: list[tuple[int, Request]], offset: int, new: Request) -> None:
    """Insert by offset, behind entries of the same offset."""
    insort(done, (offset, new), key=itemgetter(0))
