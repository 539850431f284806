"""Where a sample is covered: patches of an image, windows of time, features of a table."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MOST_PLACES = 64  # inferences for each sample, of each model
_MOST_COLUMNS = 8
_WHOLE = 3  # axes of a picture, whose last one, of colours, is covered as a whole


@dataclass(frozen=True)
class Places:
    """The places of one input, in a grid over its first axis, or its first two.

    Attributes:
        grid: how many places there are along these axes.
        masks: bool [places, ...], what is covered at each, shaped as a sample.
    """

    grid: tuple[int, ...]
    masks: NDArray[np.bool_]


def places_of(shape: tuple[int, ...]) -> Places:
    """Return the places of an input, 64 at most.

    Args:
        shape: of a sample. [features]: each feature, or features side by side; [time, channels]:
            windows of time in each channel; [height, width, ...]: patches, of all colours.

    Windows and patches reach half a step beyond their own place, so that they overlap: what lies
    between two places is covered as a whole by one of them. Features and channels, which have no
    neighbours, do not.
    """
    grid = _grid(shape)
    overlapping = [len(shape) > 1, len(shape) >= _WHOLE][: len(grid)]
    axes = [
        [_window(place, count, size, overlaps=overlaps) for place in range(count)]
        for count, size, overlaps in zip(grid, shape, overlapping, strict=False)
    ]
    masks = np.zeros((math.prod(grid), *shape), np.bool_)
    for mask, index in zip(masks, np.ndindex(*grid), strict=True):
        mask[tuple(axis[place] for axis, place in zip(axes, index, strict=True))] = True
    return Places(grid, masks)


def _grid(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) == 1:
        return (min(shape[0], _MOST_PLACES),)
    columns = min(shape[1], _MOST_COLUMNS)
    return (min(shape[0], _MOST_PLACES // columns), columns)


def _window(place: int, count: int, size: int, *, overlaps: bool) -> slice:
    """Return what one of `count` places covers along an axis of `size`."""
    beyond = 0.5 if overlaps and count > 1 else 0.0
    start = math.floor((place - beyond) * size / count)
    return slice(max(0, start), math.ceil((place + 1 + beyond) * size / count))
