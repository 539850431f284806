from collections.abc import Mapping

import pytest

from edgecompress.compression.widths import find_widths, grid_step

VALUES = {"stem": [4.0] * 16, "middle": [2.0] * 32, "head": [1.0] * 64}


def test_a_model_that_fits_is_left_alone() -> None:
    assert find_widths(VALUES, lambda _: True, multiple=4) == {"stem": 16, "middle": 32, "head": 64}


def test_nothing_fits() -> None:
    assert find_widths(VALUES, lambda _: False, multiple=4) is None


def test_groups_that_do_not_touch_the_scarce_memory_keep_all_channels() -> None:
    widths = find_widths(VALUES, lambda w: w["stem"] <= 5, multiple=4)
    assert widths == {"stem": 4, "middle": 32, "head": 64}


def test_room_goes_to_the_most_valuable_channels() -> None:
    def fits(widths: Mapping[str, int]) -> bool:
        return sum(widths.values()) <= 60

    widths = find_widths(VALUES, fits, multiple=4)
    assert widths is not None
    # One factor for all leaves 8, 16 and 36: the most valuable group is filled first, then the
    # next, and the last keeps three quarters of what one factor leaves it.
    assert widths == {"stem": 16, "middle": 16, "head": 28}


def test_the_result_cannot_grow() -> None:
    def fits(widths: Mapping[str, int]) -> bool:
        return widths["stem"] * widths["middle"] + widths["middle"] * widths["head"] <= 700

    widths = find_widths(VALUES, fits, multiple=4)
    assert widths is not None
    assert fits(widths)
    for name, width in widths.items():
        grown = min(width + 4, len(VALUES[name]))
        assert grown == width or not fits(widths | {name: grown})


@pytest.mark.parametrize(("size", "step"), [(64, 8), (32, 4), (16, 2), (12, 1), (1, 1)])
def test_small_groups_are_pruned_in_finer_steps(size: int, step: int) -> None:
    assert grid_step(size, 8) == step
