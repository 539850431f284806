"""A memory plan for a model that suits one core, or several at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edgecompress.memory.arena.allocator import align_up
from edgecompress.memory.arena.head import HeadBuffer
from edgecompress.memory.arena.plan import Arena, plan_for
from edgecompress.memory.arena.planner import ONLINE, Requirement, plan
from edgecompress.memory.arena.target import Target, target_of
from edgecompress.pack.in_place import Joined, joinings
from edgecompress.program.placement.best import best_placement, least_bytes
from edgecompress.program.placement.request import size_of
from edgecompress.tflite.graph import Graph

_Place = tuple[int, int]  # (subgraph, tensor)


@dataclass(frozen=True)
class Plan:
    """Offsets for all tensors of all subgraphs, -1 where TFLM shall choose, and what they give.

    `arena_bytes` has one entry for each arena that was planned for. `optimal` if it is proven that
    no plan is lower for any of them.
    """

    offsets: tuple[int, ...]
    arena_bytes: tuple[int, ...]
    optimal: bool


def best_plan(graph: Graph, arenas: Sequence[Arena]) -> Plan | None:
    """Return the plan with the least arena in sum; None where TFLM cannot be given a better one.

    Kernels' scratch buffers have no place in a plan: TFLM puts them, largest first, into the lowest
    gaps beside the tensors that live then. They are placed here too, so that there are such gaps;
    what counts is what TFLM makes of it.

    Args:
        graph: a model.
        arenas: the arena of it on each core that counts, without a plan.
    """
    if _has_variables_elsewhere(graph) or all(a.head_bytes <= _least(graph, a) for a in arenas):
        return None
    best: Plan | None = None
    for buffers, joined in _tasks(graph, arenas):
        plan = _plan(graph, buffers, joined, arenas)
        if best is None or sum(plan.arena_bytes) < sum(best.arena_bytes):
            best = plan
        if best.optimal:
            break
    return best


def least_arena(graph: Graph, core: str, kernels: str) -> Arena:
    """Return `least_arena_for` a core ("cortex-m4f") and a kernel library."""
    return least_arena_for(graph, target_of(core, kernels))


def least_arena_for(graph: Graph, target: Target) -> Arena:
    """Return the arena with the smallest head that any plan could give: there may be none such.

    Args and errors are those of `plan_for`. Offsets of buffers are TFLM's own.
    """
    arena = plan_for(graph, target)
    head = min(arena.head_bytes, _least_bytes(graph, arena))
    used = head + arena.tail_bytes
    return replace(arena, head_bytes=head, used_bytes=used, min_bytes=arena_bytes(arena, head))


def arena_bytes(arena: Arena, head: int) -> int:
    """Return the smallest arena that works if the head is `head` bytes long."""
    return align_up(max(arena.planning_bytes, head + arena.tail_bytes))


def _has_variables_elsewhere(graph: Graph) -> bool:
    """Say whether TFLM would look up variables of a called subgraph at a wrong place of a plan."""
    return any(tensor.is_variable for each in graph.subgraphs[1:] for tensor in each.tensors)


def _tasks(graph: Graph, arenas: Sequence[Arena]) -> Iterator[tuple[Sequence[HeadBuffer], Joined]]:
    """Yield what may be placed: the buffers of all cores together, then those of each."""
    for buffers in _of_cores(arenas):
        yield from ((buffers, joined) for joined in joinings(graph, buffers))


def _of_cores(arenas: Sequence[Arena]) -> Iterator[Sequence[HeadBuffer]]:
    different = list(dict.fromkeys(tuple(_unplaced(arena.buffers)) for arena in arenas))
    if len(different) > 1:
        tensors = [buffer for buffer in different[0] if buffer.tensor is not None]
        yield [*tensors, *_largest_scratch(different)]
    yield from different


def _unplaced(buffers: Sequence[HeadBuffer]) -> Iterator[HeadBuffer]:
    yield from (HeadBuffer(**{**vars(buffer), "offset_bytes": ONLINE}) for buffer in buffers)


def _largest_scratch(cores: Sequence[Sequence[HeadBuffer]]) -> Iterator[HeadBuffer]:
    """Yield for each operator the scratch buffers of the core where they are largest together."""
    largest: dict[tuple[int, int | None], list[HeadBuffer]] = {}
    for buffers in cores:
        asked: dict[tuple[int, int | None], list[HeadBuffer]] = {}
        for buffer in buffers:
            if buffer.tensor is None:
                asked.setdefault((buffer.subgraph, buffer.operator), []).append(buffer)
        for operator, found in asked.items():
            known = largest.get(operator, [])
            largest[operator] = max(known, found, key=lambda b: sum(x.aligned_bytes for x in b))
    for found in largest.values():
        yield from found


def _plan(
    graph: Graph, buffers: Sequence[HeadBuffer], joined: Joined, arenas: Sequence[Arena]
) -> Plan:
    placement = best_placement(joined.requests)
    offsets = {
        (buffer.subgraph, buffer.tensor): placement.offsets[part] + offset
        for buffer, (part, offset) in zip(buffers, joined.parts, strict=True)
        if buffer.tensor is not None
    }
    heads = [_head_with(arena, offsets) for arena in arenas]
    return Plan(
        offsets=tuple(
            offsets.get((s, tensor.index), ONLINE)
            for s, subgraph in enumerate(graph.subgraphs)
            for tensor in subgraph.tensors
        ),
        arena_bytes=tuple(arena_bytes(a, head) for a, head in zip(arenas, heads, strict=True)),
        optimal=(placement.optimal and heads == [placement.size_bytes])
        or all(head <= _least(graph, arena) for arena, head in zip(arenas, heads, strict=True)),
    )


def _least(graph: Graph, arena: Arena) -> int:
    """Return the head that no plan is below, or below which the arena no longer falls."""
    return max(_least_bytes(graph, arena), arena.planning_bytes - arena.tail_bytes)


def _least_bytes(graph: Graph, arena: Arena) -> int:
    return min(least_bytes(joined.requests) for joined in joinings(graph, arena.buffers))


def _head_with(arena: Arena, offsets: Mapping[_Place, int]) -> int:
    """Return the length of the head when TFLM is given these offsets."""
    requirements = [
        Requirement(b.aligned_bytes, b.first, b.last, offline_offset=_offset(b, offsets))
        for b in arena.buffers
    ]
    return size_of(requirements, plan(requirements))


def _offset(buffer: HeadBuffer, offsets: Mapping[_Place, int]) -> int:
    return ONLINE if buffer.tensor is None else offsets[buffer.subgraph, buffer.tensor]
