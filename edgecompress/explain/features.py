"""By how much answers change without each feature: of tables, and of channels over time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOST_FEATURES = 10


@dataclass(frozen=True)
class Features:
    """One input's features, the first model's most telling first, ten at most.

    Attributes:
        place: of the input among several; None if there is one.
        rows: a feature's number from 0, or several side by side, and for each model the change of
            probability without it, in the mean over the samples and windows of time.
    """

    place: int | None
    rows: tuple[tuple[str, tuple[float, ...]], ...]


def features_of(document: Mapping[str, Any]) -> Iterator[Features]:
    """Yield the features of each input in `explain_document`; a picture has none."""
    models, several = document["models"], len(document["shapes"]) > 1
    for place, (shape, grid) in enumerate(zip(document["shapes"], document["grids"], strict=True)):
        if len(shape) > 2:  # noqa: PLR2004 - a picture
            continue
        columns = [_by_feature(each["importance"][place], grid) for each in models]
        order = sorted(range(len(columns[0])), key=lambda index: -columns[0][index])
        rows = (
            (_named(index, len(columns[0]), shape[-1]), tuple(values[index] for values in columns))
            for index in order[:_MOST_FEATURES]
        )
        yield Features(place if several else None, tuple(rows))


def _by_feature(values: Sequence[float], grid: Sequence[int]) -> list[float]:
    """Return the mean over windows of time, if there are any, for each feature."""
    features = grid[-1]
    windows = len(values) // features
    return [sum(values[index::features]) / windows for index in range(features)]


def _named(index: int, places: int, size: int) -> str:
    """Return the features that a place covers, by their numbers from 0."""
    start, end = index * size // places, -(-(index + 1) * size // places) - 1
    return str(start) if start == end else f"{start} to {end}"
