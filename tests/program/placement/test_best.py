"""Placements: never above TFLM's, and the least there is where every order can be tried."""

from itertools import permutations
from random import Random

import pytest

from edgecompress.memory.arena.planner import Requirement, plan
from edgecompress.program.placement.best import Effort, best_placement, least_bytes
from edgecompress.program.placement.request import Request, size_of


def buffers(random: Random, count: int, times: int) -> list[Request]:
    """Buffers that live for a short while each, a third of them for one moment as scratch does."""
    found = []
    for _ in range(count):
        first = random.randrange(times)
        length = random.choice((0, 1, 1, random.randrange(times)))
        found.append(Request(16 * random.randint(1, 20), first, min(first + length, times)))
    return found


def meet(one: Request, other: Request) -> bool:
    return one.first <= other.last and other.first <= one.last


def lowest_of_all_orders(requests: list[Request]) -> int:
    """Try every order of placing each buffer as low as can be; one of them is a best plan."""
    return min(height(requests, order) for order in permutations(range(len(requests))))


def height(requests: list[Request], order: tuple[int, ...]) -> int:
    tops: dict[int, tuple[int, int]] = {}
    for number in order:
        offset = 0
        for low, high in sorted(
            tops[other] for other in tops if meet(requests[other], requests[number])
        ):
            if offset + requests[number].size_bytes <= low:
                break
            offset = max(offset, high)
        tops[number] = (offset, offset + requests[number].size_bytes)
    return max(high for _, high in tops.values())


def check_apart(requests: list[Request], offsets: tuple[int, ...]) -> None:
    for i, one in enumerate(requests):
        for j in range(i):
            other = requests[j]
            apart = (
                offsets[i] + one.size_bytes <= offsets[j]
                or offsets[j] + other.size_bytes <= offsets[i]
            )
            assert apart or not meet(one, other)


@pytest.mark.parametrize("seed", range(150))
def test_few_buffers_take_the_least_memory_there_is(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - reproducible buffers, not cryptography
    requests = buffers(random, random.randint(1, 7), 8)
    placement = best_placement(requests)
    assert placement.optimal
    assert placement.size_bytes == lowest_of_all_orders(requests)
    check_apart(requests, placement.offsets)


@pytest.mark.parametrize("seed", range(60))
def test_many_buffers_take_no_more_than_tflm_gives_them(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - reproducible buffers, not cryptography
    requests = buffers(random, random.randint(20, 60), 30)
    placement = best_placement(requests, effort=Effort(400, 2_000, 500))
    wanted = [Requirement(r.size_bytes, r.first, r.last) for r in requests]
    assert least_bytes(requests) <= placement.size_bytes <= size_of(wanted, plan(wanted))
    check_apart(requests, placement.offsets)


def test_nothing_takes_nothing() -> None:
    assert best_placement([]).size_bytes == 0
