"""The board's memory regions as stacked bars: what fills each, before and after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_KINDS = ("model", "runtime", "arena", "stack", "application")  # from the bottom of a bar


@dataclass(frozen=True)
class Part:
    """The bytes of one kind, and how wide they are drawn in per cent of the bar's room."""

    kind: str
    size_bytes: int
    percent: float


@dataclass(frozen=True)
class Bar:
    """What fills a region; `when` is "before" or "after"."""

    when: str
    used_bytes: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Region:
    """A region with its bars in one scale; the limit is drawn at `limit_percent`."""

    title: str
    limit_bytes: int
    limit_percent: float
    bars: tuple[Bar, ...]
    items: tuple[Mapping[str, Any], ...]  # of the last bar

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that a bar has anything of."""
        there = {part.kind for bar in self.bars for part in bar.parts}
        return tuple(kind for kind in _KINDS if kind in there)

    def size_of(self, kind: str, bar: Bar) -> int:
        """Return the bytes of a kind in one of the bars."""
        return sum(part.size_bytes for part in bar.parts if part.kind == kind)


def regions(facts: Mapping[str, Any]) -> tuple[Region, ...]:
    """Return the regions that the result lies in, with what filled them before, if that is known.

    Args:
        facts: of report.json; those of an earlier release have no `verdict_before`.
    """
    before = dict(_placed(facts["verdict_before"])) if "verdict_before" in facts else {}
    return tuple(
        _region(title, [("before", before[title])] if title in before else [], placed)
        for title, placed in _placed(facts["verdict"])
    )


def _placed(verdict: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    ram = verdict["ram"]
    yield "Flash", verdict["flash"]
    yield f"RAM, region {ram['region']}", ram
    if "main" in ram:
        yield f"RAM, region {ram['main']['region']}", ram["main"]


def _region(
    title: str, earlier: Sequence[tuple[str, Mapping[str, Any]]], placed: Mapping[str, Any]
) -> Region:
    bars = [*earlier, ("after", placed)]
    limit = placed["available_bytes"]
    scale = max(limit, *(each["used_bytes"] for _, each in bars), 1)
    drawn = tuple(Bar(when, each["used_bytes"], _parts(each, scale)) for when, each in bars)
    return Region(title, limit, round(100 * limit / scale, 2), drawn, tuple(placed["items"]))


def _parts(placed: Mapping[str, Any], scale: int) -> tuple[Part, ...]:
    sums = {
        kind: sum(item["bytes"] for item in placed["items"] if item["kind"] == kind)
        for kind in _KINDS
    }
    return tuple(
        Part(kind, size, round(100 * size / scale, 2)) for kind, size in sums.items() if size
    )
