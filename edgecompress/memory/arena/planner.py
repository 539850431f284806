"""TFLM's greedy memory planner: where each buffer lies in the head of the arena.

Follows tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc of the pinned commit.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from edgecompress.program.place import Request

ONLINE = -1  # offline offset of a buffer that the planner places itself


@dataclass(frozen=True)
class Requirement(Request):
    """A buffer to place, of an aligned size, or one whose place a model fixes."""

    offline_offset: int = ONLINE


def plan(requirements: Sequence[Requirement]) -> list[int]:
    """Return each buffer's offset in bytes from the start of the head.

    Large buffers come first, each in the lowest gap between those that live at the same time.
    Buffers with an offline offset are placed before all others. Of equal sizes the last comes
    first: TFLM fills its list from the end and then sorts it with a stable sort.
    """
    offsets = [requirement.offline_offset for requirement in requirements]
    numbers = range(len(requirements))
    fixed = [i for i in numbers if offsets[i] != ONLINE]
    free = [i for i in reversed(numbers) if offsets[i] == ONLINE]
    free.sort(key=lambda i: -requirements[i].size_bytes)
    placed: list[tuple[int, Request]] = []
    for i in fixed + free:
        if offsets[i] == ONLINE:
            offsets[i] = _lowest_gap(placed, requirements[i])
        insort(placed, (offsets[i], requirements[i]), key=itemgetter(0))
    return offsets


def _lowest_gap(done: Sequence[tuple[int, Request]], wanted: Request) -> int:
    """Return the lowest offset where a buffer meets none that is in use at the same time.

    `done` are buffers with their offsets, in the order of these.
    """
    candidate = 0
    for offset, other in done:
        if other.first > wanted.last or wanted.first > other.last:
            continue
        if offset - candidate >= wanted.size_bytes:
            break
        candidate = max(candidate, offset + other.size_bytes)
    return candidate


def head_bytes(requirements: Sequence[Requirement], offsets: Sequence[int]) -> int:
    """Return the size of the head: the highest end of a buffer."""
    ends = [offset + r.size_bytes for offset, r in zip(offsets, requirements, strict=True)]
    return max(ends, default=0)
