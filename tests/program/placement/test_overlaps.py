"""Buffers that live at the same time share no byte, but for pairs that may."""

from itertools import permutations

import numpy as np
import pytest

from edgecompress.program.placement.best import QUICK, best_placement
from edgecompress.program.placement.request import Overlap, Request


def _chain(
    random: np.random.Generator, calls: int, others: int
) -> tuple[list[Request], list[Overlap]]:
    """Buffers of calls in a row, some of which may be written over what they read."""
    sizes = random.integers(1, 50, calls) * 4
    requests = [Request(int(size), i - 1, i) for i, size in enumerate(sizes)]
    overlaps = [
        Overlap(i + 1, i, int(random.integers(0, sizes[i + 1] // 4)) * 4)
        for i in range(calls - 1)
        if random.random() < 0.7
    ]
    kept = [Request(int(random.integers(1, 50)) * 4, 0, calls - 1) for _ in range(others)]
    scratch = [Request(int(random.integers(1, 20)) * 4, i, i, 8) for i in range(0, calls, 2)]
    return [*requests, *kept, *scratch], overlaps


def _distances(requests: list[Request], overlaps: list[Overlap]) -> dict[tuple[int, int], int]:
    """By pair that meets, how far above the first the second begins if it lies above it."""
    clearances = {(o.written, o.read): o.clearance_bytes for o in overlaps}
    return {
        (i, j): clearances.get((i, j), one.size_bytes)
        for i, one in enumerate(requests)
        for j, other in enumerate(requests)
        if i != j and one.first <= other.last and other.first <= one.last
    }


@pytest.mark.parametrize("seed", range(30))
def test_buffers_meet_only_as_they_may(seed):
    requests, overlaps = _chain(np.random.default_rng(seed), 8, 2)
    for effort in (QUICK, None):
        placement = best_placement(requests, overlaps, **({"effort": effort} if effort else {}))
        offsets = placement.offsets
        for number, request in enumerate(requests):
            assert offsets[number] % request.alignment_bytes == 0
            assert offsets[number] + request.size_bytes <= placement.size_bytes
        distances = _distances(requests, overlaps)
        for i, j in distances:
            rises = offsets[j] >= offsets[i] + distances[i, j]
            assert rises or offsets[i] >= offsets[j] + distances[j, i]


def _lowest_of_all_orders(requests: list[Request], overlaps: list[Overlap]) -> int:
    """Try every order of placing each buffer as low as can be; one of them is a best plan."""
    distances = _distances(requests, overlaps)
    best = sum(request.size_bytes for request in requests)
    for order in permutations(range(len(requests))):
        best = min(best, _height(requests, distances, order))
    return best


def _height(
    requests: list[Request], distances: dict[tuple[int, int], int], order: tuple[int, ...]
) -> int:
    offsets: dict[int, int] = {}
    for number in order:
        offset, unit = 0, requests[number].alignment_bytes
        while any(
            offset < placed + distances[other, number]
            and placed < offset + distances[number, other]
            for other, placed in offsets.items()
            if (other, number) in distances
        ):
            offset += unit
        offsets[number] = offset
    return max(offset + requests[number].size_bytes for number, offset in offsets.items())


@pytest.mark.parametrize("seed", range(40))
def test_few_buffers_take_the_least_memory_there_is(seed):
    random = np.random.default_rng(seed)
    requests, overlaps = _chain(random, int(random.integers(2, 4)), int(random.integers(0, 2)))
    placement = best_placement(requests, overlaps)
    assert placement.optimal
    assert placement.size_bytes == _lowest_of_all_orders(requests, overlaps)


def test_an_output_lies_over_its_input():
    image, smaller = Request(1000, 0, 1), Request(800, 1, 2)
    assert best_placement([image, smaller]).size_bytes == 1800
    over = [Overlap(written=1, read=0, clearance_bytes=40)]
    assert best_placement([image, smaller], over).size_bytes == 1040


def test_images_that_must_each_lie_lower_take_what_they_descend():
    # Two at a time want 8,448 bytes, yet each starts 448 below the one before it.
    images = [Request(8000, number, number + 1) for number in range(5)]
    over = [Overlap(number + 1, number, 448) for number in range(4)]
    placement = best_placement(images, over)
    assert placement.optimal
    assert placement.size_bytes == 8000 + 4 * 448


def test_what_is_small_enough_is_taken_as_it_is():
    requests, overlaps = _chain(np.random.default_rng(1), 30, 4)
    best = best_placement(requests, overlaps)
    rough = best_placement(requests, overlaps, enough_bytes=2 * best.size_bytes)
    assert best.size_bytes < rough.size_bytes <= 2 * best.size_bytes
