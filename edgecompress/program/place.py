"""Where buffers with lifetimes lie so that they take little memory together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_TRIES = 400  # orders that are tried beyond the plain ones, while a smaller plan may exist
_SEED = 0


@dataclass(frozen=True)
class Request:
    """A buffer to place: its size, and the first and the last time that it is used.

    Sizes are multiples of 4 bytes; a buffer begins at a multiple of its alignment.
    """

    size_bytes: int
    first: int
    last: int
    alignment_bytes: int = 4


@dataclass(frozen=True)
class Overlap:
    """Two buffers that may share memory while a call reads one and writes the other.

    `clearance_bytes` is how far above the written buffer the one that is read has to begin.
    """

    written: int
    read: int
    clearance_bytes: int


def placed(requests: Sequence[Request], overlaps: Sequence[Overlap] = ()) -> tuple[list[int], int]:
    """Return the offset of each buffer, and the size of all.

    Buffers are placed one by one, each in the lowest gap. Several orders are tried, then
    variations of the best, until the size is that of the buffers in use at the worst time, which
    no plan can be below.

    Args:
        requests: the buffers.
        overlaps: pairs of them, by their numbers, whose lives meet in a single call.
    """
    least = _lower_bound(requests, overlaps)
    allowed = {(o.written, o.read): o.clearance_bytes for o in overlaps}
    best: tuple[list[int], int] = ([], 0)
    for order in _orders(requests):
        offsets = _in_order(requests, order, allowed)
        size = max((o + r.size_bytes for o, r in zip(offsets, requests, strict=True)), default=0)
        if not best[0] or size < best[1]:
            best = offsets, size
        if best[1] <= least:
            break
    return best


def _lower_bound(requests: Sequence[Request], overlaps: Sequence[Overlap]) -> int:
    shared: dict[int, int] = {}  # by time
    for overlap in overlaps:
        written, read = requests[overlap.written], requests[overlap.read]
        both = max(written.size_bytes, read.size_bytes + overlap.clearance_bytes)
        saved = written.size_bytes + read.size_bytes - both
        shared[read.last] = shared.get(read.last, 0) + max(saved, 0)
    times = {request.first for request in requests}
    return max(
        (
            sum(r.size_bytes for r in requests if r.first <= t <= r.last) - shared.get(t, 0)
            for t in times
        ),
        default=0,
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


def _in_order(
    requests: Sequence[Request], order: Sequence[int], allowed: Mapping[tuple[int, int], int]
) -> list[int]:
    offsets = [0] * len(requests)
    done: list[int] = []
    for number in order:
        taken = sorted(_taken(requests, offsets, done, number, allowed))
        offsets[number] = _lowest_outside(taken, requests[number].alignment_bytes)
        done.append(number)
    return offsets


def _taken(
    requests: Sequence[Request],
    offsets: Sequence[int],
    done: Sequence[int],
    number: int,
    allowed: Mapping[tuple[int, int], int],
) -> Iterator[tuple[int, int]]:
    """Yield the open intervals where a buffer cannot begin."""
    wanted = requests[number]
    for other in done:
        placed_one = requests[other]
        if placed_one.first > wanted.last or wanted.first > placed_one.last:
            continue
        below = allowed.get((number, other), wanted.size_bytes)
        above = allowed.get((other, number), placed_one.size_bytes)
        yield offsets[other] - below, offsets[other] + above


def _lowest_outside(taken: Sequence[tuple[int, int]], alignment: int) -> int:
    candidate = 0
    for low, high in taken:
        if candidate <= low:
            break
        candidate = max(candidate, -(-high // alignment) * alignment)
    return candidate
