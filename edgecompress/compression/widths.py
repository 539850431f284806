"""How many channels each group keeps: the most valuable set that fits.

Pure search: what fits is asked of a callback, so that the exact memory model judges every
candidate before any of them is trained.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

Widths = Mapping[str, int]
Fits = Callable[[Widths], bool]

_STEPS_PER_GROUP = 8
_STEPS = 32  # resolution of the common factor all groups are first shrunk by
# Share of the common factor that every group keeps whatever its scores say: scores of different
# layers are only roughly comparable, and a layer pruned to nothing cannot be trained back.
_FLOOR = 0.75


def find_widths(
    values: Mapping[str, Sequence[float]], fits: Fits, *, multiple: int
) -> dict[str, int] | None:
    """Return the number of channels each group keeps, or None if nothing fits.

    The largest common factor that fits is found first, and every group is left three quarters of
    it. The room above that is filled in steps of `multiple` channels, most valuable first: a group
    whose channels do not touch the scarce memory gets them all back.

    Args:
        values: importance of each channel of each group, comparable between groups.
        fits: whether widths fit the board; asked some hundred times.
        multiple: channel counts are rounded to it in large groups; see `grid_step`.
    """
    full = {name: len(scores) for name, scores in values.items()}
    if fits(full):
        return full
    if not fits(scaled(full, 0, multiple)):
        return None
    factor = _largest_common(full, fits, multiple)
    floor = scaled(full, _FLOOR * factor, multiple)
    start = floor if fits(floor) else scaled(full, factor, multiple)
    return _fill(start, values, fits, multiple)


def scaled(full: Widths, factor: float, multiple: int) -> dict[str, int]:
    """Return all groups shrunk by `factor` (0: one step each), on the grid of each group."""
    return {name: _rounded(size * factor, size, multiple) for name, size in full.items()}


def _largest_common(full: Widths, fits: Fits, multiple: int) -> float:
    """Bisect the common factor; 0 is known to fit."""
    low, high = 0, _STEPS
    while high - low > 1:
        middle = (low + high) // 2
        fitting = fits(scaled(full, middle / _STEPS, multiple))
        low, high = (middle, high) if fitting else (low, middle)
    return low / _STEPS


def _rounded(wanted: float, size: int, multiple: int) -> int:
    """Round down to the grid of a group: at least one step of it, at most the whole group."""
    step = grid_step(size, multiple)
    return min(size, max(step, int(wanted // step) * step))


def grid_step(size: int, multiple: int) -> int:
    """The step a group of `size` channels is pruned in: `multiple`, or an eighth of a small group.

    Kernels work best on multiples; where RAM is scarce, a coarse step would waste more than that.
    """
    while multiple > 1 and size < _STEPS_PER_GROUP * multiple:
        multiple //= 2
    return multiple


def _fill(
    start: Widths, values: Mapping[str, Sequence[float]], fits: Fits, multiple: int
) -> dict[str, int]:
    """Give channels back, the most valuable step first, until no group can grow."""
    widths = dict(start)
    gains = {name: _gains(scores) for name, scores in values.items()}
    growing = {name for name, width in widths.items() if width < len(values[name])}
    while growing:
        name = max(sorted(growing), key=lambda group: _gain(group, widths, gains, multiple))
        wider = widths | {name: _wider(widths[name], len(values[name]), multiple)}
        if not fits(wider):
            growing.remove(name)
            continue
        widths = wider
        if widths[name] == len(values[name]):
            growing.remove(name)
    return widths


def _gains(scores: Sequence[float]) -> list[float]:
    """gains[k] is the value of the k best channels together."""
    return [0.0, *accumulate(sorted(scores, reverse=True))]


def _wider(width: int, size: int, multiple: int) -> int:
    step = grid_step(size, multiple)
    return min(size, (width // step + 1) * step)


def _gain(name: str, widths: Widths, gains: Mapping[str, list[float]], multiple: int) -> float:
    """Value per channel of a group's next step."""
    total = gains[name]
    now, then = widths[name], _wider(widths[name], len(total) - 1, multiple)
    return (total[then] - total[now]) / (then - now)
