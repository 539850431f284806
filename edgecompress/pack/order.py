"""The order of operators that has the lowest peak of memory.

The sets of operators that may have run (downsets of the graph) are the states; what is in use after
a set does not depend on the order within it. Followed from the lowest peak up, the first whole
order is a best one: as in Liberis and Lane, "Neural networks on microcontrollers: saving memory at
inference via operator reordering", 2019.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from edgecompress.pack.tasks import Tasks

_STATES = 20_000  # sets that are followed before the search is no longer exact
_BEAM = 64


@dataclass(frozen=True)
class Order:
    """The operators' numbers as they shall run. `optimal` if no order has a lower peak."""

    operators: tuple[int, ...]
    peak_bytes: int
    optimal: bool


@dataclass(frozen=True)
class _Reached:
    """A way to have run some operators (bits), the last of them after those of `before`."""

    peak_bytes: int
    live_bytes: int
    done: int = 0
    count: int = 0
    last: int = -1
    before: "_Reached | None" = None

    def order(self) -> tuple[int, ...]:
        """Return the operators in the order they ran."""
        found, reached = [], self
        while reached.before is not None:
            found.append(reached.last)
            reached = reached.before
        return tuple(reversed(found))


def best_order(tasks: Tasks, states: int = _STATES) -> Order:
    """Return the order of lowest peak found; the present one unless another is better.

    Exact while the sets of operators are no more than `states`; then a beam of the lowest.
    """
    present = tuple(range(len(tasks.before)))
    peak = tasks.peak(present)
    if peak <= _least(tasks):
        return Order(present, peak, optimal=True)
    start = _Reached(tasks.start_bytes, tasks.start_bytes)
    heap = [(start.peak_bytes, 0, 0, start)]
    lowest = {0: start.peak_bytes}  # by the operators done
    while heap and states:
        states -= 1
        *_, reached = heapq.heappop(heap)
        if reached.count == len(present):
            return Order(reached.order(), reached.peak_bytes, optimal=True)
        if reached.peak_bytes > lowest[reached.done]:
            continue  # reached in a better way since
        for following in _following(tasks, reached):
            if following.peak_bytes < lowest.get(following.done, peak):
                lowest[following.done] = following.peak_bytes
                # Of equal peaks the longest first: it is nearer to the end.
                key = (following.peak_bytes, -following.count, -following.done, following)
                heapq.heappush(heap, key)
    if not heap:
        return Order(present, peak, optimal=True)
    beamed = _beamed(tasks, start)
    return beamed if beamed.peak_bytes < peak else Order(present, peak, optimal=False)


def _least(tasks: Tasks) -> int:
    """Return what no order can be below: the operator that needs most when nothing else is."""
    needs = (
        tasks.extra_bytes[number]
        + sum(tasks.values[tensor].size_bytes for tensor in {*made, *tasks.read[number]})
        for number, made in enumerate(tasks.made)
        if number not in tasks.in_place
    )
    return max(tasks.start_bytes, *needs, 0)


def _following(tasks: Tasks, reached: _Reached) -> Iterator[_Reached]:
    for number, before in enumerate(tasks.before):
        if reached.done >> number & 1 or before & ~reached.done:
            continue
        during, after = tasks.run(reached.done, reached.live_bytes, number)
        peak, done = max(reached.peak_bytes, during), reached.done | 1 << number
        yield _Reached(peak, after, done, reached.count + 1, number, reached)


def _beamed(tasks: Tasks, start: _Reached) -> Order:
    front = [start]
    for _ in tasks.before:
        found: dict[int, _Reached] = {}
        for reached in front:
            for following in _following(tasks, reached):
                known = found.get(following.done, following)
                found[following.done] = min(known, following, key=lambda r: r.peak_bytes)
        ranked = sorted(found.values(), key=lambda r: (r.peak_bytes, r.live_bytes, r.done))
        front = ranked[:_BEAM]
    return Order(front[0].order(), front[0].peak_bytes, optimal=False)
