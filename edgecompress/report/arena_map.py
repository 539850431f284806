"""The arena over time as a map: operators across, bytes up, a box for each buffer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 480, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 8, 16, 40  # room for the labels
_COLOURS = 6
_LABELLED = (46, 15)  # pixels that a box has at least to bear its size
_MOST_COLUMN_LABELS = 12
_TICKS = 5


@dataclass(frozen=True)
class Box:
    """A buffer; `colour` counts from 0, and is None for scratch."""

    x: float
    y: float
    width: float
    height: float
    colour: int | None
    title: str
    label: str


@dataclass(frozen=True)
class Tick:
    """A label of an axis, and where it stands."""

    place: float
    label: str


@dataclass(frozen=True)
class ArenaMap:
    """A plan in pixels of its SVG."""

    name: str
    arena_bytes: int
    head_bytes: int
    boxes: tuple[Box, ...]
    columns: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    head_y: float
    fullest: str  # what runs when most of the arena is in use
    fullest_x: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def arena_maps(pictures: Sequence[Mapping[str, Any]]) -> tuple[ArenaMap, ...]:
    """Return the maps of plans as report.json has them, all in the same scale of bytes."""
    tallest = max((picture["head_bytes"] for picture in pictures), default=0) or 1
    return tuple(_map(picture, tallest) for picture in pictures)


def _map(picture: Mapping[str, Any], tallest: int) -> ArenaMap:
    moments, buffers = picture["moments"], picture["buffers"]
    width = (WIDTH - _LEFT - _RIGHT) / len(moments)
    tops = [_top_at(buffers, moment) for moment in range(len(moments))]
    fullest = tops.index(max(tops))
    return ArenaMap(
        name=picture["name"],
        arena_bytes=picture["arena_bytes"],
        head_bytes=picture["head_bytes"],
        boxes=tuple(_boxes(buffers, moments, width, tallest)),
        columns=tuple(_columns(moments, width)),
        rows=tuple(_rows(tallest)),
        head_y=_y(picture["head_bytes"], tallest),
        fullest=_when(fullest, moments),
        fullest_x=round(_x(fullest, width) + width / 2, 1),
    )


def _boxes(
    buffers: Sequence[Mapping[str, Any]], moments: Sequence[str], width: float, tallest: int
) -> Iterator[Box]:
    tensors = 0
    for number, buffer in enumerate(buffers):
        scratch = buffer["operator"] is not None
        x, end = _x(buffer["first"], width), _x(buffer["last"] + 1, width)
        y = _y(buffer["offset_bytes"] + buffer["aligned_bytes"], tallest)
        height = round(_y(buffer["offset_bytes"], tallest) - y, 1)
        wide = end - x >= _LABELLED[0] and height >= _LABELLED[1]
        covered = any(_share(buffer, later) for later in buffers[number + 1 :])
        yield Box(
            x=x,
            y=y,
            width=round(end - x, 1),
            height=height,
            colour=None if scratch else tensors % _COLOURS,
            title=_title(buffer, moments),
            label=f"{buffer['size_bytes']:,}" if wide and not covered else "",
        )
        tensors += not scratch


def _share(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two buffers lie over each other at some time: in place, in the C runtime."""
    first, last = max(one["first"], other["first"]), min(one["last"], other["last"])
    low = max(one["offset_bytes"], other["offset_bytes"])
    high = min(each["offset_bytes"] + each["aligned_bytes"] for each in (one, other))
    return bool(first <= last and low < high)


def _title(buffer: Mapping[str, Any], moments: Sequence[str]) -> str:
    first, last = buffer["first"], buffer["last"]
    life = f"from {_when(first, moments)} to {_when(last, moments)}"
    return (
        f"{buffer['name'].partition(';')[0]}: {buffer['size_bytes']:,} bytes at "
        f"{buffer['offset_bytes']:,}, {life if last > first else 'at ' + _when(first, moments)}"
    )


def _when(moment: int, moments: Sequence[str]) -> str:
    name = moments[min(moment, len(moments) - 1)]
    return f"{moment - 1} {name}" if 0 < moment < len(moments) else name


def _columns(moments: Sequence[str], width: float) -> Iterator[Tick]:
    """Yield the numbers of operators, as many as have room; the inputs have none."""
    every = -(-len(moments) // _MOST_COLUMN_LABELS)
    for moment in range(1, len(moments), every):
        yield Tick(round(_x(moment, width) + width / 2, 1), str(moment - 1))


def _rows(tallest: int) -> Iterator[Tick]:
    step = next(size for size in _steps() if tallest / size <= _TICKS)
    for size in range(0, tallest + 1, step):
        yield Tick(_y(size, tallest), f"{size:,}")


def _steps() -> Iterator[int]:
    size = 1
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10


def _top_at(buffers: Sequence[Mapping[str, Any]], moment: int) -> int:
    """Return the bytes in use: those of buffers that lie over each other count once."""
    used = end = 0
    live = [buffer for buffer in buffers if buffer["first"] <= moment <= buffer["last"]]
    for buffer in sorted(live, key=lambda buffer: buffer["offset_bytes"]):
        top = buffer["offset_bytes"] + buffer["aligned_bytes"]
        used += max(0, top - max(buffer["offset_bytes"], end))
        end = max(end, top)
    return used


def _x(moment: int, width: float) -> float:
    return round(_LEFT + moment * width, 1)


def _y(size: int, tallest: int) -> float:
    return round(HEIGHT - _BOTTOM - size / tallest * (HEIGHT - _BOTTOM - _TOP), 1)
