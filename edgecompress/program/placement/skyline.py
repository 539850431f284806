"""Whether buffers with lifetimes fit under a height: an exact search that builds from below.

Time runs across, memory up; every buffer has its place in time and wants one in memory. In some
plan of least height each buffer rests on the floor or on another, and all can be laid in the order
of their offsets. So the search looks at the lowest valley of the skyline: the next buffer from the
left that rests on its floor, or none, after which nothing can lie below the valley's lower rim.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from edgecompress.program.placement.spans import Span, alive
from edgecompress.program.placement.windows import Pairs, Windows

Heights = tuple[int, ...]  # of the skyline, by moment


@dataclass(frozen=True)
class State:
    """What is laid so far: the skyline, and the buffers (bits) that are left.

    `least` is by moment the height that the skyline and what is left come to together: it grows by
    what stays empty below the skyline.
    """

    heights: Heights
    left: int
    least: Heights = field(compare=False)


class Search:
    """A search for plans of some buffers; what it found impossible counts for lower limits too.

    `spent` if the last search stopped because it had seen as many states as it may.
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spent = False
        self._states = 0
        # From the left; of those that begin together the longest first, then the largest.
        self._order = sorted(
            range(len(spans)),
            key=lambda i: (spans[i].first, -spans[i].last, -max(spans[i].sizes)),
        )
        self._spans = [spans[number] for number in self._order]
        self._alive = tuple(alive(spans))
        self._highest = [max(span.sizes) for span in self._spans]
        moments = range(len(self._alive))
        self._from = [_bits(span.first >= m for span in self._spans) for m in moments]
        self._until = [_bits(span.last <= m for span in self._spans) for m in moments]
        self._at = [_bits(span.first <= m <= span.last for span in self._spans) for m in moments]
        self._pairs = Pairs(self._spans)
        self._lowest: Sequence[int] = ()
        self._ends: Sequence[int] = ()
        self._ended: Sequence[int] = ()
        self._failed: dict[State, int] = {}  # the highest limit it failed under

    def under(self, limit_bytes: int, states: int) -> list[int] | None:
        """Return offsets of a plan no higher than a limit; None if none is found.

        Args:
            limit_bytes: the height.
            states: how many may be looked at.
        """
        self._states, self.spent = states, False
        windows = self._pairs.windows(limit_bytes)
        if max(self._alive) > limit_bytes or windows is None:
            return None
        self._limit_to(windows)
        first = State((0,) * len(self._alive), (1 << len(self._spans)) - 1, self._alive)
        offsets = [0] * len(self._spans)
        path = [(first, self._moves(first, limit_bytes))]
        while path:
            state, moves = path[-1]
            if not state.left:
                return offsets
            following = self._next_open(moves, limit_bytes, offsets)
            if self._states <= 0:
                self.spent = True
                return None
            if following is None:
                self._failed[state] = limit_bytes
                path.pop()
            else:
                path.append((following, self._moves(following, limit_bytes)))
        return None

    def least_bytes(self, least: int, most: int, step: int) -> int:
        """Return the lowest height, between two in steps, that pairs of buffers do not rule out."""
        while most > least:
            middle = least + (most - least) // step // 2 * step
            if self._pairs.windows(middle) is None:
                least = middle + step
            else:
                most = middle
        return least

    def _limit_to(self, windows: Windows) -> None:
        """Note from where on buffers (bits) can no longer begin, in the order of these heights."""
        by_end = sorted(range(len(self._spans)), key=lambda number: windows.highest[number])
        self._lowest = windows.lowest
        self._ends = [windows.highest[number] for number in by_end]
        self._ended = list(accumulate((1 << number for number in by_end), initial=0))

    def _in_time(self, left: int, heights: Heights, start: int, end: int) -> bool:
        """Say whether all that is left can still begin above the skyline at some moments."""
        return not any(
            left & self._at[moment] & self._ended[bisect_left(self._ends, heights[moment])]
            for moment in range(start, end)
        )

    def _next_open(
        self, moves: Iterator[tuple[int, int, State]], limit: int, offsets: list[int]
    ) -> State | None:
        """Return the next state that has not failed yet, and note the offset that leads there."""
        for number, offset, state in moves:
            self._states -= 1
            if self._failed.get(state, -1) < limit:
                if number >= 0:
                    offsets[self._order[number]] = offset
                return state
        return None

    def _moves(self, state: State, limit: int) -> Iterator[tuple[int, int, State]]:
        """Yield what can follow: a buffer with its offset, or -1 if the valley's floor rises."""
        heights = state.heights
        floor = min(heights)
        start = end = heights.index(floor)
        while end + 1 < len(heights) and heights[end + 1] == floor:
            end += 1
        waiting = _numbers(state.left & self._from[start] & self._until[end])
        for number in waiting:
            following = self._laid(state, waiting, number, start, limit)
            if following is not None:
                yield number, floor, following
        rims = [heights[i] for i in (start - 1, end + 1) if 0 <= i < len(heights)]
        rims += self._next_starts(waiting, floor)
        if not rims:
            return
        rise = min(rims) - floor
        unused = any(self._fits(number, floor, rise) for number in waiting)
        if not unused and max(state.least[start : end + 1]) + rise <= limit:
            risen = _risen(state, start, end + 1, rise)
            if self._in_time(risen.left, risen.heights, start, end + 1):
                yield -1, 0, risen

    def _next_starts(self, waiting: Iterable[int], floor: int) -> Iterator[int]:
        """Yield the offsets above a floor at which buffers may begin that may not on it."""
        for number in waiting:
            if below := floor % self._spans[number].alignment_bytes:
                yield floor - below + self._spans[number].alignment_bytes

    def _fits(self, number: int, floor: int, rise: int) -> bool:
        """Say whether a buffer has its place in a gap."""
        aligned = floor % self._spans[number].alignment_bytes == 0
        return aligned and self._highest[number] <= rise

    def _laid(
        self, state: State, waiting: Sequence[int], number: int, start: int, limit: int
    ) -> State | None:
        """Return the state after laying a buffer as the next from the left on a valley's floor."""
        heights, span = state.heights, self._spans[number]
        floor = heights[start]
        if floor % span.alignment_bytes or floor < self._lowest[number]:
            return None
        if span.first > start:
            # What lies to the left stays empty up to the lower of its rims.
            before = [other for other in waiting if self._spans[other].last < span.first]
            rims = [floor + span.sizes[0], *self._next_starts(before, floor)]
            rims += heights[start - 1 : start] if start else ()
            rise = min(rims) - floor
            if max(state.least[start : span.first]) + rise > limit:
                return None
            if any(self._fits(other, floor, rise) for other in before if other < number):
                return None  # that one would fit into the gap: laid first, it does no harm
            state = _risen(state, start, span.first, rise)
        laid = tuple(floor + size for size in span.sizes)
        changed = (*state.heights[: span.first], *laid, *heights[span.last + 1 :])
        left = state.left & ~(1 << number)
        in_time = self._in_time(left, changed, start, span.last + 1)
        return State(changed, left, state.least) if in_time else None


def _risen(state: State, start: int, end: int, rise: int) -> State:
    """Return the state with the floor of some moments higher, and nothing below."""

    def higher(values: Heights) -> Heights:
        return (*values[:start], *(value + rise for value in values[start:end]), *values[end:])

    return State(higher(state.heights), state.left, higher(state.least))


def _bits(flags: Iterable[bool]) -> int:
    return sum(1 << number for number, flag in enumerate(flags) if flag)


def _numbers(bits: int) -> list[int]:
    """Return the numbers of the bits that are set, from the lowest."""
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found
