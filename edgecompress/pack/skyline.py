"""Whether buffers with lifetimes fit under a height: an exact search that builds from below.

Time runs across, memory up; every buffer has its place in time and wants one in memory. In some
plan of least height each buffer rests on the floor or on another, and all can be laid in the order
of their offsets. So the search looks at the lowest valley of the skyline: the next buffer from the
left that rests on its floor, or none, after which nothing can lie below the valley's lower rim.
"""

from collections.abc import Iterator, Sequence
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
    """What is laid so far: the skyline, and the buffers (bits) that are left."""

    heights: Heights
    left: int


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


@dataclass
class Search:
    """A search for plans of some buffers; what it found impossible counts for lower limits too."""

    spans: Sequence[Span]
    effort: Effort
    _failed: dict[State, int] = field(default_factory=dict)  # the highest limit it failed under

    def under(self, limit_bytes: int) -> list[int] | None:
        """Return offsets of a plan no higher than a limit; None if there is none, or effort ends.

        Args:
            limit_bytes: the height.
        """
        if most_alive(self.spans) > limit_bytes:
            return None
        first = State((0,) * len(_alive(self.spans)), (1 << len(self.spans)) - 1)
        offsets = [0] * len(self.spans)
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
                    offsets[number] = offset
                return state
        return None

    def _moves(self, state: State, limit: int) -> Iterator[tuple[int, int, State]]:
        """Yield what can follow: a buffer with its offset, or -1 if the valley's floor rises."""
        heights = state.heights
        floor = min(heights)
        start = heights.index(floor)
        end = start
        while end + 1 < len(heights) and heights[end + 1] == floor:
            end += 1
        rims = [heights[i] for i in (start - 1, end + 1) if 0 <= i < len(heights)]
        waiting = [
            number
            for number, span in enumerate(self.spans)
            if state.left >> number & 1 and start <= span.first and span.last <= end
        ]
        waiting.sort(
            key=lambda i: (self.spans[i].first, -self.spans[i].last, -self.spans[i].size_bytes)
        )
        remaining = self._remaining(state, start, end)
        yield from self._laid(state, waiting, start, remaining, limit)
        if rims:
            rise = min(rims) - floor
            unused = any(self.spans[number].size_bytes <= rise for number in waiting)
            if not unused and max(remaining) + min(rims) <= limit:
                risen = (*heights[:start], *((min(rims),) * (end - start + 1)), *heights[end + 1 :])
                yield -1, 0, State(risen, state.left)

    def _laid(
        self,
        state: State,
        waiting: Sequence[int],
        start: int,
        remaining: Sequence[int],
        limit: int,
    ) -> Iterator[tuple[int, int, State]]:
        """Yield each buffer that may be the next from the left to rest on the valley's floor."""
        heights = state.heights
        floor = heights[start]
        for number in waiting:
            span = self.spans[number]
            top = floor + span.size_bytes
            # What lies to the left stays empty up to the lower of its rims.
            rim = min(heights[start - 1], top) if start else top
            gap = range(span.first - start)
            beside = (self.spans[other] for other in waiting)
            if any(s.last < span.first and s.size_bytes <= rim - floor for s in beside):
                continue  # that one would fit into the gap: laid first, it does no harm
            if any(remaining[moment] + rim > limit for moment in gap):
                continue
            changed = (
                *heights[:start], *((rim,) * len(gap)),
                *((top,) * (span.last - span.first + 1)), *heights[span.last + 1 :],
            )  # fmt: skip
            yield number, floor, State(changed, state.left & ~(1 << number))

    def _remaining(self, state: State, start: int, end: int) -> list[int]:
        """Return the bytes that are still to be laid over each moment of a valley."""
        sums = [0] * (end - start + 1)
        for number, span in enumerate(self.spans):
            if state.left >> number & 1:
                for moment in range(max(span.first, start), min(span.last, end) + 1):
                    sums[moment - start] += span.size_bytes
        return sums
