"""Histograms of layers' outputs, with the range that the integers hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

WIDTH, HEIGHT = 240, 84
_FLOOR = 68  # where bars stand; below it is room for labels


@dataclass(frozen=True)
class LayerHistogram:
    """A histogram in pixels of its SVG. Bars are as high as the square root of their counts."""

    layer: str
    op: str
    path: str
    left: float  # of the range that the integers hold
    right: float
    held: tuple[float, float]
    seen: tuple[float, float]
    used_percent: float  # of the integers' range, by values that were seen
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = _FLOOR


def layer_histograms(rows: Sequence[Mapping[str, Any]]) -> tuple[LayerHistogram, ...]:
    """Return the figures of `distributions` as report.json has them; of constants there is none."""
    return tuple(_figure(row) for row in rows if row["int8_range"][1] > row["int8_range"][0])


def _figure(row: Mapping[str, Any]) -> LayerHistogram:
    (seen_low, seen_high), (low, high) = row["float_range"], row["int8_range"]
    start, end = min(seen_low, low), max(seen_high, high)

    def place(value: float) -> float:
        return round(float((value - start) / (end - start) * WIDTH), 1)

    overlap = min(seen_high, high) - max(seen_low, low)
    return LayerHistogram(
        layer=row["layer"],
        op=row["op"],
        path=_path(row["counts"], place(seen_low), place(seen_high)),
        left=place(low),
        right=place(high),
        held=(low, high),
        seen=(seen_low, seen_high),
        used_percent=100 * max(0.0, overlap) / (high - low),
    )


def _path(counts: Sequence[int], left: float, right: float) -> str:
    """Return the outline of the bars between two places, as the data of an SVG path."""
    tallest, width = sqrt(max(*counts, 1)), (right - left) / len(counts)
    tops = [round(_FLOOR - sqrt(count) / tallest * (_FLOOR - 4), 1) for count in counts]
    steps = "".join(
        f"V{top}H{round(left + (number + 1) * width, 1)}" for number, top in enumerate(tops)
    )
    return f"M{left} {_FLOOR}{steps}V{_FLOOR}Z"
