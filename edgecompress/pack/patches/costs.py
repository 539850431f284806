"""What the operators of a model take in the arena as they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgecompress.memory.arena import structs
from edgecompress.memory.arena.allocator import align_up
from edgecompress.memory.arena.plan import Arena
from edgecompress.tflite.graph import Graph

# A call of the C runtime takes none of the arena, but flash: of two ways the shorter is better.
_CALL_BYTES = 64


@dataclass(frozen=True)
class Costs:
    """What operators take as they are, by their numbers, where it is most of all cores.

    Attributes:
        live_bytes: in use while each runs.
        scratch_bytes: of that, for its kernel alone.
        kept_bytes: what its kernel keeps in the tail, with its node and its output's tensor.
        copy_bytes: what a SLICE keeps there.
        fixed_bytes: of the arena besides what is in use while an operator runs.
        over_inputs: outputs lie over inputs that end, parts in the whole.
    """

    live_bytes: Sequence[int]
    scratch_bytes: Sequence[int]
    kept_bytes: Sequence[int]
    copy_bytes: int
    fixed_bytes: int
    over_inputs: bool = False


def costs_of(graph: Graph, arenas: Sequence[Arena]) -> Costs:
    """Return the costs of the main subgraph's operators from the arenas of a model."""
    numbers = range(len(graph.main.operators))
    each = [_of_arena(arena, len(numbers)) for arena in arenas]
    return Costs(
        live_bytes=[max(costs.live_bytes[n] for costs in each) for n in numbers],
        scratch_bytes=[max(costs.scratch_bytes[n] for costs in each) for n in numbers],
        kept_bytes=[max(costs.kept_bytes[n] for costs in each) for n in numbers],
        copy_bytes=max(costs.copy_bytes for costs in each),
        fixed_bytes=max(costs.fixed_bytes for costs in each),
    )


def _of_arena(arena: Arena, count: int) -> Costs:
    copy = arena.target.pick(structs.NODE_AND_REGISTRATION)
    copy += arena.target.pick(structs.EVAL_TENSOR)
    live, scratch, kept = [0] * count, [0] * count, [copy] * count
    for number in range(count):
        scope = number + 1  # scope 0 is before the first operator
        alive = [b for b in arena.buffers if b.first <= scope <= b.last]
        live[number] = sum(buffer.aligned_bytes for buffer in alive)
        asked = [b for b in alive if b.subgraph == 0 and b.operator == number]
        scratch[number] = sum(buffer.aligned_bytes for buffer in asked)
    for memory in arena.operators:
        if memory.subgraph == 0:
            kept[memory.operator] += memory.options_bytes + memory.persistent_bytes
    return Costs(live, scratch, kept, copy, arena.tail_bytes)


def costs_over_inputs(graph: Graph) -> Costs:
    """Return the costs where outputs lie over inputs that end: those of the C runtime, about."""
    main = graph.main
    sizes = [align_up(tensor.size_bytes) for tensor in main.tensors]
    last = {t: n for n, operator in enumerate(main.operators) for t in operator.inputs}
    last |= dict.fromkeys(main.outputs, len(main.operators))
    alive, live = dict.fromkeys(main.inputs, 0), []
    for number, operator in enumerate(main.operators):
        alive |= dict.fromkeys(operator.outputs, 0)
        ending = [sizes[t] for t in alive if last.get(t) == number and t in operator.inputs]
        made = sum(sizes[t] for t in operator.outputs)
        live.append(sum(sizes[t] for t in alive) - min(made, max(ending, default=0)))
        alive = {t: 0 for t in alive if last.get(t, number) > number}
    nothing = [0] * len(live)
    return Costs(live, nothing, [_CALL_BYTES] * len(live), _CALL_BYTES, 0, over_inputs=True)
