"""TFLM's greedy memory planner: where each buffer lies in the head of the arena.

Follows tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc of the pinned commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edgecompress.program.placement.greedy import in_order, meetings
from edgecompress.program.placement.request import Request

ONLINE = -1  # offline offset of a buffer that the planner places itself


@dataclass(frozen=True)
class Requirement(Request):
    """A buffer to place, of an aligned size, or one whose place a model fixes."""

    alignment_bytes: int = 1
    offline_offset: int = ONLINE


def plan(requirements: Sequence[Requirement]) -> list[int]:
    """Return each buffer's offset in bytes from the start of the head.

    Large buffers come first, each in the lowest gap between those that live at the same time.
    Buffers with an offline offset are placed before all others. Of equal sizes the last comes
    first: TFLM fills its list from the end and then sorts it with a stable sort.
    """
    numbers = range(len(requirements))
    places = {i: requirements[i].offline_offset for i in numbers}
    fixed = {i: place for i, place in places.items() if place != ONLINE}
    free = sorted(
        (i for i in reversed(numbers) if i not in fixed), key=lambda i: -requirements[i].size_bytes
    )
    return in_order(requirements, free, meetings(requirements), fixed)
