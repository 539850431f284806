"""Whether buffers with lifetimes fit under a height: an exact search that builds from below.

Time runs across, memory up; every buffer has its place in time and wants one in memory. In some
plan of least height each buffer rests on the floor or on another, and all can be laid in the order
of their offsets. So the search looks at the lowest valley of the skyline: the next buffer from the
left that rests on its floor, or none, after which nothing can lie below the valley's lower rim.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from edgecompress.program.place import Request

Heights = tuple[int, ...]  # of the skyline, by moment


@dataclass(frozen=True)
class Span:
    """A buffer in moments: numbers of those times at which the most buffers meet."""

    size_bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class State:
    """What is laid so far: the skyline, and the buffers (bits) that are left.

    `least` is by moment the height that the skyline and what is left come to together: it grows by
    what stays empty below the skyline.
    """

    heights: Heights
    left: int
    least: Heights = field(compare=False)


@dataclass
class Effort:
    """How many states a search may still look at. `spent` if it stopped for want of them."""

    states: int
    spent: bool = False


def spans_of(requests: Sequence[Request]) -> list[Span]:
    """Return the buffers by moments: only times when one begins and none of the others is all gone.

    Buffers meet in time if and only if they share a moment.
    """
    starts = sorted({request.first for request in requests})
    alive = [{i for i, r in enumerate(requests) if r.first <= t <= r.last} for t in starts]
    kept = [
        t
        for number, t in enumerate(starts)
        if not any(alive[number] < other for other in alive[max(0, number - 1) : number + 2])
    ]
    return [_span(request, kept) for request in requests]


def _span(request: Request, moments: Sequence[int]) -> Span:
    inside = [i for i, moment in enumerate(moments) if request.first <= moment <= request.last]
    return Span(request.size_bytes, inside[0], inside[-1])


def most_alive(spans: Sequence[Span]) -> int:
    """Return the bytes alive at the worst moment, which no plan can be below."""
    return max(_alive(spans), default=0)


def _alive(spans: Sequence[Span]) -> list[int]:
    moments = 1 + max((span.last for span in spans), default=-1)
    return [
        sum(span.size_bytes for span in spans if span.first <= moment <= span.last)
        for moment in range(moments)
    ]


class Search:
    """A search for plans of some buffers; what it found impossible counts for lower limits too."""

    def __init__(self, spans: Sequence[Span], effort: Effort) -> None:
        self.effort = effort
        # From the left; of those that begin together the longest first, then the largest.
        self._order = sorted(
            range(len(spans)),
            key=lambda i: (spans[i].first, -spans[i].last, -spans[i].size_bytes),
        )
        self._spans = [spans[number] for number in self._order]
        self._alive = tuple(_alive(spans))
        moments = range(len(self._alive))
        self._from = [_bits(span.first >= m for span in self._spans) for m in moments]
        self._until = [_bits(span.last <= m for span in self._spans) for m in moments]
        self._failed: dict[State, int] = {}  # the highest limit it failed under

    def under(self, limit_bytes: int) -> list[int] | None:
        """Return offsets of a plan no higher than a limit; None if there is none, or effort ends.

        Args:
            limit_bytes: the height.
        """
        if max(self._alive) > limit_bytes:
            return None
        first = State((0,) * len(self._alive), (1 << len(self._spans)) - 1, self._alive)
        offsets = [0] * len(self._spans)
        path = [(first, self._moves(first, limit_bytes))]
        while path:
            state, moves = path[-1]
            if not state.left:
                return offsets
            following = self._next_open(moves, limit_bytes, offsets)
            if self.effort.states <= 0:
                self.effort.spent = True
                return None
            if following is None:
                self._failed[state] = limit_bytes
                path.pop()
            else:
                path.append((following, self._moves(following, limit_bytes)))
        return None

    def _next_open(
        self, moves: Iterator[tuple[int, int, State]], limit: int, offsets: list[int]
    ) -> State | None:
        """Return the next state that has not failed yet, and note the offset that leads there."""
        for number, offset, state in moves:
            self.effort.states -= 1
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
        if not rims:
            return
        rise = min(rims) - floor
        unused = any(self._spans[number].size_bytes <= rise for number in waiting)
        if not unused and max(state.least[start : end + 1]) + rise <= limit:
            yield -1, 0, _risen(state, start, end + 1, rise)

    def _laid(
        self, state: State, waiting: Sequence[int], number: int, start: int, limit: int
    ) -> State | None:
        """Return the state after laying a buffer as the next from the left on a valley's floor."""
        heights, span = state.heights, self._spans[number]
        floor = heights[start]
        top = floor + span.size_bytes
        if span.first > start:
            # What lies to the left stays empty up to the lower of its rims.
            rise = (min(heights[start - 1], top) if start else top) - floor
            if max(state.least[start : span.first]) + rise > limit:
                return None
            before = (self._spans[other] for other in waiting if other < number)
            if any(s.last < span.first and s.size_bytes <= rise for s in before):
                return None  # that one would fit into the gap: laid first, it does no harm
            state = _risen(state, start, span.first, rise)
        laid = (top,) * (span.last - span.first + 1)
        changed = (*state.heights[: span.first], *laid, *heights[span.last + 1 :])
        return State(changed, state.left & ~(1 << number), state.least)


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
