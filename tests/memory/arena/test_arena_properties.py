"""What holds of the memory model for any model: properties, on drawn buffers and graphs."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
from support.random_graphs import random_graph
from support.tiny_models import conv

from edgecompress.memory.arena.plan import Arena, plan_for
from edgecompress.memory.arena.planner import Requirement, plan
from edgecompress.memory.arena.target import HOST, target_of
from edgecompress.program.placement.request import size_of
from edgecompress.tflite.reader import read_model

TARGETS = {
    "cortex-m0plus": target_of("cortex-m0plus", "reference"),
    "cortex-m4f": target_of("cortex-m4f", "cmsis-nn"),
    "cortex-m55": target_of("cortex-m55", "cmsis-nn"),
    "host": HOST,
}


@st.composite
def requirements(draw):
    first = draw(st.integers(0, 12))
    last = draw(st.integers(first, 14))
    return Requirement(16 * draw(st.integers(0, 40)), first, last)


def meet(one, other):
    return one.first <= other.last and other.first <= one.last


@given(st.lists(requirements(), max_size=14))
def test_buffers_in_use_at_the_same_time_lie_apart(buffers):
    offsets = plan(buffers)
    placed = list(zip(offsets, buffers, strict=True))
    for place, (low, one) in enumerate(placed):
        assert low >= 0
        for other_low, other in placed[:place]:
            apart = low + one.size_bytes <= other_low or other_low + other.size_bytes <= low
            assert apart or not meet(one, other)


@given(st.lists(requirements(), max_size=14))
def test_the_head_is_between_what_is_in_use_at_once_and_all_of_it(buffers):
    head = size_of(buffers, plan(buffers))
    in_use = [sum(b.size_bytes for b in buffers if b.first <= t <= b.last) for t in range(15)]
    assert max(in_use) <= head <= sum(b.size_bytes for b in buffers)


@given(st.lists(requirements(), max_size=10), st.integers(0, 20))
def test_a_plan_depends_on_who_meets_whom_and_not_on_the_clock(buffers, later):
    moved = [dataclasses.replace(b, first=b.first + later, last=b.last + later) for b in buffers]
    assert plan(moved) == plan(buffers)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from(sorted(TARGETS)))
def test_arenas_of_random_graphs_hold_together(seed, core):
    graph = read_model(random_graph(seed))
    arena = plan_for(graph, TARGETS[core])
    assert arena == plan_for(graph, TARGETS[core])
    assert arena.min_bytes % 16 == 0
    assert arena.used_bytes == arena.head_bytes + arena.tail_bytes
    assert arena.min_bytes >= max(arena.used_bytes, arena.planning_bytes) - 16
    assert arena.head_bytes >= most_in_use(arena)
    sizes = {t.index: t.size_bytes for t in graph.main.tensors}
    for buffer in arena.buffers:
        if buffer.tensor is not None:
            assert buffer.size_bytes >= sizes[buffer.tensor]


def most_in_use(arena: Arena) -> int:
    times = range(1 + max((buffer.last for buffer in arena.buffers), default=0))
    return max(
        sum(b.size_bytes for b in arena.buffers if b.first <= time <= b.last) for time in times
    )


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 24), st.integers(1, 4))
def test_more_filters_never_take_a_smaller_arena(height, channels, filters, more):
    for target in TARGETS.values():
        arenas = [
            plan_for(read_model(conv((height, 5, channels), (3, 3), count)), target)
            for count in (filters, filters + more)
        ]
        assert arenas[0].head_bytes <= arenas[1].head_bytes
        assert arenas[0].min_bytes <= arenas[1].min_bytes
