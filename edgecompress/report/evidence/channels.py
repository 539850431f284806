"""What the channels of each narrowed group are worth, as small bars: those kept, those gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 240, 60
_GAP = 0.15  # of a bar's room


@dataclass(frozen=True)
class ChannelBars:
    """A group's channels, those worth most first. A bar is (x, y, width, height) in pixels."""

    name: str
    layers: tuple[str, ...]
    score: str
    effect: float
    kept: tuple[tuple[float, float, float, float], ...]
    gone: tuple[tuple[float, float, float, float], ...]
    width: int = WIDTH
    height: int = HEIGHT


def channel_bars(facts: Mapping[str, Any]) -> tuple[ChannelBars, ...]:
    """Return the figures of `removed` as report.json has it."""
    layers = {group["name"]: tuple(group["layers"]) for group in facts["channels"]}
    return tuple(_bars(row, layers[row["name"]]) for row in facts.get("removed", ()))


def _bars(row: Mapping[str, Any], layers: tuple[str, ...]) -> ChannelBars:
    scores = [*row["kept"], *row["gone"]]
    bars = tuple(_placed(scores))
    kept = len(row["kept"])
    return ChannelBars(row["name"], layers, row["score"], row["effect"], bars[:kept], bars[kept:])


def _placed(scores: Sequence[float]) -> list[tuple[float, float, float, float]]:
    room, tallest = WIDTH / len(scores), max(scores) or 1.0
    return [
        (
            round(room * number, 2),
            round(HEIGHT * (1 - score / tallest), 2),
            round(room * (1 - _GAP), 2),
            round(HEIGHT * score / tallest, 2),
        )
        for number, score in enumerate(scores)
    ]
