"""Where each buffer can lie at all under a height, from pairs of which one must be below.

Of two buffers that meet, either may be the lower one. Where that would lead above the height, the
other order is forced, which narrows both, and so on until nothing changes: "immediate selection"
of disjunctive scheduling (Carlier and Pinson, "An algorithm for solving the job-shop problem",
1989), with memory in place of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edgecompress.program.placement.spans import Span

# Two buffers, and how far above the first the second begins if it lies above it; the reverse.
_Pair = tuple[int, int, int, int]


@dataclass(frozen=True)
class Windows:
    """By buffer, the lowest and the highest offset, in bytes, that it can have."""

    lowest: tuple[int, ...]
    highest: tuple[int, ...]


class Pairs:
    """The pairs of buffers that meet, and what follows from their order."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._pairs = [
            (i, j, _height(spans[i], spans[j]), _height(spans[j], spans[i]))
            for j in range(len(spans))
            for i in range(j)
            if spans[i].first <= spans[j].last and spans[j].first <= spans[i].last
        ]

    def windows(self, limit_bytes: int) -> Windows | None:
        """Return where buffers can lie under a height; None if there is no plan under it."""
        lowest = [0] * len(self._spans)
        above = [max(span.sizes) for span in self._spans]  # from a buffer's start to the top
        while True:
            before = [*lowest], [*above]
            if not all(self._settled(pair, limit_bytes, lowest, above) for pair in self._pairs):
                return None
            if before == (lowest, above):
                return Windows(tuple(lowest), tuple(limit_bytes - bytes_ for bytes_ in above))

    def _settled(self, pair: _Pair, limit: int, lowest: list[int], above: list[int]) -> bool:
        """Narrow two buffers whose order is forced; say whether one of the orders is possible."""
        i, j, over_i, over_j = pair
        may_rise = lowest[i] + over_i + above[j] <= limit
        may_fall = lowest[j] + over_j + above[i] <= limit
        if may_rise and not may_fall:
            self._narrow(i, j, over_i, lowest, above)
        elif may_fall and not may_rise:
            self._narrow(j, i, over_j, lowest, above)
        return may_rise or may_fall

    def _narrow(
        self, lower: int, upper: int, distance: int, lowest: list[int], above: list[int]
    ) -> None:
        alignment = self._spans[upper].alignment_bytes
        start = -(-(lowest[lower] + distance) // alignment) * alignment
        lowest[upper] = max(lowest[upper], start)
        above[lower] = max(above[lower], distance + above[upper])


def _height(span: Span, other: Span) -> int:
    """Return how high a buffer is where it meets another."""
    shared = range(max(span.first, other.first), min(span.last, other.last) + 1)
    return max(span.sizes[moment - span.first] for moment in shared)
