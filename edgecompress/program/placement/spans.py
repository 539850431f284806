"""Lifetimes in moments: only those times at which the most buffers meet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgecompress.program.placement.request import Overlap, Request

_Sizes = Mapping[int, int]  # of the buffers in use at a moment, by their numbers


@dataclass(frozen=True)
class Span:
    """A buffer in moments: the first of them, and its size in bytes at each.

    A buffer that may lie under what is read is as high as the clearance where they meet.
    """

    first: int
    sizes: tuple[int, ...]
    alignment_bytes: int

    @property
    def last(self) -> int:
        """The last moment."""
        return self.first + len(self.sizes) - 1


def spans_of(requests: Sequence[Request], overlaps: Sequence[Overlap] = ()) -> list[Span]:
    """Return the buffers by moments: times when one begins and none of the others is all gone.

    Buffers meet in time if and only if they share a moment. A time when a buffer may be written
    over another is two moments: one has what is read and of what is written the clearance, the
    other has all of what is written.
    """
    times = list(_moments(requests, overlaps))
    kept = [
        sizes
        for number, sizes in enumerate(times)
        if not any(_is_part(sizes, other) for other in times[max(0, number - 1) : number + 2])
    ]
    return [_span(number, request, kept) for number, request in enumerate(requests)]


def mirrored(spans: Sequence[Span]) -> list[Span]:
    """Return the buffers with time running backwards: equal offsets, but another search."""
    end = max((span.last for span in spans), default=0)
    return [Span(end - s.last, s.sizes[::-1], s.alignment_bytes) for s in spans]


def most_alive(spans: Sequence[Span]) -> int:
    """Return the bytes alive at the worst moment, which no plan can be below."""
    return max(alive(spans), default=0)


def alive(spans: Sequence[Span]) -> list[int]:
    """Return the bytes alive at each moment."""
    found = [0] * (1 + max((span.last for span in spans), default=-1))
    for span in spans:
        for moment, size in enumerate(span.sizes, span.first):
            found[moment] += size
    return found


def _moments(requests: Sequence[Request], overlaps: Sequence[Overlap]) -> Iterator[_Sizes]:
    sharing = {requests[overlap.written].first: overlap for overlap in overlaps}
    for time in sorted({request.first for request in requests}):
        sizes = {i: r.size_bytes for i, r in enumerate(requests) if r.first <= time <= r.last}
        if (overlap := sharing.get(time)) is not None:
            yield {**sizes, overlap.written: overlap.clearance_bytes}
            del sizes[overlap.read]
        yield sizes


def _is_part(sizes: _Sizes, other: _Sizes) -> bool:
    """Say whether all of a moment's buffers are there at another, which is more."""
    return sizes != other and all(size <= other.get(i, -1) for i, size in sizes.items())


def _span(number: int, request: Request, moments: Sequence[_Sizes]) -> Span:
    inside = [i for i, sizes in enumerate(moments) if number in sizes]
    sizes = tuple(moments[i][number] for i in inside)
    return Span(inside[0], sizes, request.alignment_bytes)
