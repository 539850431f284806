"""Occlusion maps of the original and the result as small figures side by side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

SIZE = 96  # pixels of a map's longer side
_LOWEST = 14  # of its shorter side, so that a single row can be seen


@dataclass(frozen=True)
class Cell:
    """A place: pixels from the upper left, and how strong it is from -1 to 1."""

    x: float
    y: float
    width: float
    height: float
    strength: float


@dataclass(frozen=True)
class Map:
    """One input's map."""

    width: float
    height: float
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Pair:
    """A sample with the maps of both models, in one scale."""

    sample: int
    label: str
    inputs: Sequence[Mapping[str, Any]]  # as `samples.drawn_samples` gives them
    original: tuple[Map, ...]  # of each input
    result: tuple[Map, ...]
    rank_correlation: float | None


def evidence_maps(explained: Mapping[str, Any] | None) -> tuple[Pair, ...]:
    """Return the figures of `explain` as report.json has it; none where there is none."""
    if not explained:
        return ()
    original, result = (model["similarity"]["samples"] for model in explained["models"])
    grids = [
        _Grid(tuple(grid), upright=len(shape) > 2)  # noqa: PLR2004 - pictures are as they are
        for grid, shape in zip(explained["grids"], explained["shapes"], strict=True)
    ]
    return tuple(
        _pair(before, after, inputs, grids)
        for before, after, inputs in zip(original, result, explained["inputs"], strict=True)
    )


@dataclass(frozen=True)
class _Grid:
    """Places along one or two axes. Where it is not upright, the first axis goes to the right."""

    places: tuple[int, ...]
    upright: bool


def _pair(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    inputs: Sequence[Mapping[str, Any]],
    grids: Sequence[_Grid],
) -> Pair:
    most = max(abs(value) for value in (*before["map"], *after["map"])) or 1.0
    original, result = (
        tuple(_maps([value / most for value in each["map"]], grids)) for each in (before, after)
    )
    return Pair(
        before["sample"], before["class"], inputs, original, result, after["rank_correlation"]
    )


def _maps(values: Sequence[float], grids: Sequence[_Grid]) -> Iterator[Map]:
    """Yield a map for each input, whose places follow each other in `values`."""
    at = 0
    for grid in grids:
        yield _map(values[at : (at := at + prod(grid.places))], grid)


def _map(values: Sequence[float], grid: _Grid) -> Map:
    first, second = (*grid.places, 1)[:2]
    rows, columns = (first, second) if grid.upright else (second, first)
    longest = max(rows, columns)
    width, height = (max(_LOWEST, SIZE * count / longest) for count in (columns, rows))
    wide, high = width / columns, height / rows
    places = [divmod(index, second) for index in range(len(values))]
    if not grid.upright:
        places = [(column, row) for row, column in places]
    cells = [
        Cell(round(column * wide, 2), round(row * high, 2), round(wide, 2), round(high, 2), value)
        for (row, column), value in zip(places, values, strict=True)
    ]
    return Map(round(width, 2), round(height, 2), tuple(cells))
