"""How many channels each group keeps: the most valuable set that fits.

Pure search: what a choice leaves of memory is asked of a callback, so that the exact memory model
judges every candidate before any of them is trained.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

Widths = Mapping[str, int]
Values = Mapping[str, Sequence[float]]  # importance of each channel of each group
Room = Callable[[Widths], int]  # bytes left where fewest are left; negative if it does not fit

_STEPS_PER_GROUP = 8
_STEPS = 32  # resolution of the common factor all groups are first shrunk by
# Share of the common factor that every group keeps whatever its scores say: scores of different
# layers are only roughly comparable, and a layer pruned to nothing cannot be trained back.
FLOOR = 0.75


def find_widths(
    values: Values, room: Room, *, multiple: int, floor: float = FLOOR
) -> dict[str, int] | None:
    """Return the number of channels each group keeps, or None if nothing fits.

    The largest common factor that fits is found first. The room above it, and above a `floor` of
    it, is filled in steps of `multiple` channels: once by what a step is worth, once by what it is
    worth for each byte it takes. The most valuable result is returned. Room does not grow evenly:
    buffers of one size lie in an arena without a gap, so that single steps do not lead from the
    floor to every set that fits.

    Args:
        values: importance of each channel of each group, comparable between groups.
        room: bytes left at some widths; asked some thousand times.
        multiple: channel counts are rounded to it in large groups; see `grid_step`.
        floor: share of the common factor that every group keeps whatever its scores say.
    """
    full = {name: len(scores) for name, scores in values.items()}
    if room(full) >= 0:
        return full
    if room(scaled(full, 0, multiple)) < 0:
        return None
    factor = _largest_common(full, room, multiple)
    starts = (scaled(full, share * factor, multiple) for share in (floor, 1.0))
    filled = (
        _fill(start, values, room, multiple, per_byte=flag)
        for start in starts
        if room(start) >= 0
        for flag in (True, False)
    )
    return max(filled, key=lambda widths: _worth(values, widths))


def scaled(full: Widths, factor: float, multiple: int) -> dict[str, int]:
    """Return all groups shrunk by `factor` (0: one step each), on the grid of each group."""
    return {name: _rounded(size * factor, size, multiple) for name, size in full.items()}


def grid_step(size: int, multiple: int) -> int:
    """The step a group of `size` channels is pruned in: `multiple`, or an eighth of a small group.

    Kernels work best on multiples; where RAM is scarce, a coarse step would waste more than that.
    """
    while multiple > 1 and size < _STEPS_PER_GROUP * multiple:
        multiple //= 2
    return multiple


def _largest_common(full: Widths, room: Room, multiple: int) -> float:
    """Bisect the common factor; 0 is known to fit."""
    low, high = 0, _STEPS
    while high - low > 1:
        middle = (low + high) // 2
        fitting = room(scaled(full, middle / _STEPS, multiple)) >= 0
        low, high = (middle, high) if fitting else (low, middle)
    return low / _STEPS


def _rounded(wanted: float, size: int, multiple: int) -> int:
    """Round down to the grid of a group: at least one step of it, at most the whole group."""
    step = grid_step(size, multiple)
    return min(size, max(step, int(wanted // step) * step))


def _fill(
    start: Widths, values: Values, room: Room, multiple: int, *, per_byte: bool
) -> dict[str, int]:
    """Give channels back, the most rewarding step first, until no group can grow."""
    widths, left = dict(start), room(start)
    worth = {name: _cumulative(scores) for name, scores in values.items()}
    growing = {name for name, width in widths.items() if width < len(values[name])}
    while growing:
        steps: dict[str, tuple[float, dict[str, int], int]] = {}
        for name in sorted(growing):
            wider = widths | {name: _wider(widths[name], len(values[name]), multiple)}
            after = room(wider)
            gain = worth[name][wider[name]] - worth[name][widths[name]]
            cost = max(1, left - after) if per_byte else wider[name] - widths[name]
            steps[name] = (gain / cost, wider, after)
        growing = {name for name in growing if steps[name][2] >= 0}
        if growing:
            best = max(sorted(growing), key=lambda name: steps[name][0])
            _, widths, left = steps[best]
            growing -= {name for name in growing if widths[name] == len(values[name])}
    return widths


def _cumulative(scores: Sequence[float]) -> list[float]:
    """[k] is the value of the k best channels together."""
    return [0.0, *accumulate(sorted(scores, reverse=True))]


def _worth(values: Values, widths: Widths) -> float:
    return sum(_cumulative(values[name])[width] for name, width in widths.items())


def _wider(width: int, size: int, multiple: int) -> int:
    """Return the next width on the grid; narrow groups grow by a quarter at the most."""
    step = grid_step(2 * width, multiple)
    return min(size, (width // step + 1) * step)
