import pytest

from edgecompress.prune.widths import Widths, find_widths, grid_step

VALUES = {"stem": [4.0] * 16, "middle": [2.0] * 32, "head": [1.0] * 64}


def test_a_model_that_fits_is_left_alone() -> None:
    assert find_widths(VALUES, lambda _: 0, multiple=4) == {"stem": 16, "middle": 32, "head": 64}


def test_nothing_fits() -> None:
    assert find_widths(VALUES, lambda _: -1, multiple=4) is None


def test_groups_that_do_not_touch_the_scarce_memory_keep_all_channels() -> None:
    widths = find_widths(VALUES, lambda w: 5 - w["stem"], multiple=4)
    assert widths == {"stem": 5, "middle": 32, "head": 64}


def test_room_goes_to_the_most_valuable_channels() -> None:
    widths = find_widths(VALUES, lambda w: 60 - sum(w.values()), multiple=4)
    # One factor for all leaves 8, 16 and 36: the most valuable group is filled first, then the
    # next, and the last keeps three quarters of what one factor leaves it.
    assert widths == {"stem": 16, "middle": 16, "head": 28}


def test_a_dear_group_does_not_starve_cheap_ones() -> None:
    """The stem's channels are worth four times as much each, and take a hundred times the room."""

    def room(widths: Widths) -> int:
        return 1000 - 100 * widths["stem"] - widths["middle"] - 2 * widths["head"]

    assert find_widths(VALUES, room, multiple=4) == {"stem": 8, "middle": 32, "head": 64}


def test_the_result_cannot_grow() -> None:
    def room(widths: Widths) -> int:
        return 700 - widths["stem"] * widths["middle"] - widths["middle"] * widths["head"]

    widths = find_widths(VALUES, room, multiple=4)
    assert widths is not None
    assert room(widths) >= 0
    for name, width in widths.items():
        grown = min(width + 4, len(VALUES[name]))
        assert grown == width or room(widths | {name: grown}) < 0


@pytest.mark.parametrize(("size", "step"), [(64, 8), (32, 4), (16, 2), (12, 1), (1, 1)])
def test_small_groups_are_pruned_in_finer_steps(size: int, step: int) -> None:
    assert grid_step(size, 8) == step
