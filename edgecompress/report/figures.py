"""Coordinates of the page's figures, in pixels of their SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 460, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 15, 40  # room for the labels


@dataclass(frozen=True)
class Dot:
    """A candidate; `kind` is "picked", "front", "other" or "over" (it does not fit)."""

    x: float
    y: float
    kind: str
    title: str


@dataclass(frozen=True)
class Scatter:
    """Candidates by a quantity and their metric, with what the ends of both axes stand for."""

    dots: tuple[Dot, ...]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def scatter(candidates: Sequence[Mapping[str, Any]], quantity: str) -> Scatter:
    """Return the figure of `candidates`, as report.json has them, over one of their figures."""
    x_range = _padded([candidate[quantity] for candidate in candidates])
    y_range = _padded([candidate["int8_metric"] for candidate in candidates])
    dots = tuple(
        Dot(
            x=_place(candidate[quantity], x_range, _LEFT, WIDTH - _RIGHT),
            y=_place(candidate["int8_metric"], y_range, HEIGHT - _BOTTOM, _TOP),
            kind=_kind(candidate),
            title=f"{candidate['name']}: {candidate['int8_metric']:.4g} at {candidate[quantity]:,}",
        )
        for candidate in candidates
    )
    return Scatter(dots, x_range, y_range)


def _kind(candidate: Mapping[str, Any]) -> str:
    if candidate["picked"]:
        return "picked"
    if not candidate["fits"]:
        return "over"
    return "front" if candidate["on_front"] else "other"


def _padded(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin


def _place(value: float, ends: tuple[float, float], start: int, end: int) -> float:
    """Return where `value` lies between the pixels `start` and `end`."""
    low, high = ends
    return round(start + (value - low) / (high - low) * (end - start), 1)
