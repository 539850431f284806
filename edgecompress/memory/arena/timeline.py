"""The head of the arena over time: what lives while each operator runs, and what is free."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgecompress.memory.arena.head import HeadBuffer
from edgecompress.memory.arena.lifetimes import lifetimes
from edgecompress.memory.arena.plan import Arena
from edgecompress.tflite.graph import Graph


@dataclass(frozen=True)
class Gap:
    """Free memory between or above live buffers."""

    offset_bytes: int
    bytes: int


@dataclass(frozen=True)
class Step:
    """One moment: an operator running, or (`operator` None) the inputs before the first."""

    scope: int
    subgraph: int
    operator: int | None
    op: str
    live: tuple[HeadBuffer, ...]  # by offset
    live_bytes: int
    end_bytes: int  # highest end of a live buffer
    peak: bool  # whether that makes the head as large as it is
    gaps: tuple[Gap, ...]  # up to the head's size


def timeline(graph: Graph, arena: Arena) -> tuple[Step, ...]:
    """Return the life of the head, operator by operator in the order they run."""
    places: list[tuple[int, int, int | None, str]] = [(0, 0, None, "inputs")]
    for scope, s, index in lifetimes(graph).order:
        places.append((scope, s, index, graph.subgraphs[s].operators[index].op))
    return tuple(_step(arena, *place) for place in places)


def _step(arena: Arena, scope: int, subgraph: int, operator: int | None, op: str) -> Step:
    live = sorted(
        (b for b in arena.buffers if b.first <= scope <= b.last), key=lambda b: b.offset_bytes
    )
    end_bytes = max((b.offset_bytes + b.aligned_bytes for b in live), default=0)
    return Step(
        scope=scope,
        subgraph=subgraph,
        operator=operator,
        op=op,
        live=tuple(live),
        live_bytes=sum(b.aligned_bytes for b in live),
        end_bytes=end_bytes,
        peak=end_bytes == arena.head_bytes,
        gaps=_gaps(live, arena.head_bytes),
    )


def _gaps(live: list[HeadBuffer], head_bytes: int) -> tuple[Gap, ...]:
    gaps, end = [], 0
    for buffer in live:
        if buffer.offset_bytes > end:
            gaps.append(Gap(end, buffer.offset_bytes - end))
        end = max(end, buffer.offset_bytes + buffer.aligned_bytes)
    if end < head_bytes:
        gaps.append(Gap(end, head_bytes - end))
    return tuple(gaps)


_SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FREE = "·"


def symbol(number: int) -> str:
    """Return the character that stands for a buffer in `draw`."""
    return _SYMBOLS[number % len(_SYMBOLS)]


def numbered(arena: Arena) -> Mapping[HeadBuffer, int]:
    """Return the place of each buffer among the arena's."""
    return {buffer: number for number, buffer in enumerate(arena.buffers)}


def draw(arena: Arena, step: Step, width: int, numbers: Mapping[HeadBuffer, int]) -> str:
    """Draw the head at a step as `width` characters, one for each buffer's share of it.

    `numbers` are those of `numbered`.
    """
    row = [_FREE] * width
    for buffer in step.live:
        number = numbers[buffer]
        first = buffer.offset_bytes * width // max(arena.head_bytes, 1)
        end = (buffer.offset_bytes + buffer.aligned_bytes) * width // max(arena.head_bytes, 1)
        for column in range(first, min(max(end, first + 1), width)):
            row[column] = symbol(number)
    return "".join(row)
