"""Buffers with lifetimes, and which of them may share memory."""

from collections.abc import Sequence
from dataclasses import dataclass


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

    `clearance_bytes` is how far above the written buffer the one that is read has to begin, if it
    does not lie below. The one that is read ends when the written one begins, and no other pair
    overlaps at that time.
    """

    written: int
    read: int
    clearance_bytes: int


def size_of(requests: Sequence[Request], offsets: Sequence[int]) -> int:
    """Return the highest end of a buffer, in bytes."""
    ends = (offset + r.size_bytes for offset, r in zip(offsets, requests, strict=True))
    return max(ends, default=0)
