"""What would make a model fit, computed by planning again, not phrased."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from edgecompress.board import Board
from edgecompress.memory.arena.head import HeadBuffer
from edgecompress.memory.arena.plan import Arena
from edgecompress.memory.arena.planner import Requirement, plan
from edgecompress.program.placement.request import size_of
from edgecompress.tflite.graph import Graph, Operator, Subgraph
from edgecompress.tflite.names import operator_name, short_name

_NAMED_BUFFERS = 3


def peak_scope(arena: Arena) -> int:
    """Return the scope (see `HeadBuffer`) at which the head is fullest."""
    scopes = range(max((buffer.last for buffer in arena.buffers), default=0) + 1)
    return max(
        scopes,
        key=lambda scope: (
            _top_bytes(arena.buffers, scope) == arena.head_bytes,
            sum(buffer.aligned_bytes for buffer in live_buffers(arena.buffers, scope)),
        ),
    )


def live_buffers(buffers: Sequence[HeadBuffer], scope: int) -> tuple[HeadBuffer, ...]:
    """Return the buffers that live at `scope`, the largest first."""
    live = [buffer for buffer in buffers if buffer.first <= scope <= buffer.last]
    return tuple(sorted(live, key=lambda buffer: -buffer.aligned_bytes))


def describe_peak(graph: Graph, arena: Arena) -> str:
    """Say which operator holds the arena's peak, and which buffers make it up."""
    if not arena.buffers:
        return f"nothing lives in the arena's head; its {arena.tail_bytes:,} bytes are persistent"
    scope = peak_scope(arena)
    live = live_buffers(arena.buffers, scope)
    named = ", ".join(f"{short_name(b.name)} {b.aligned_bytes:,}" for b in live[:_NAMED_BUFFERS])
    more = f" and {len(live) - _NAMED_BUFFERS} more" if len(live) > _NAMED_BUFFERS else ""
    return (
        f"the arena's peak of {arena.head_bytes:,} bytes (and {arena.tail_bytes:,} persistent) is "
        f"at {_operator_at(graph, scope)}, where these live: {named}{more}"
    )


def halving(arena: Arena, shortfall_bytes: int) -> str | None:
    """Return what halving the most rewarding activation at the peak frees, planned again.

    None if no single activation's halving makes the head smaller.
    """
    live = [b for b in live_buffers(arena.buffers, peak_scope(arena)) if b.tensor is not None]
    freed = {buffer.name: arena.head_bytes - _head_with_half(arena, buffer) for buffer in live}
    if not freed or max(freed.values()) <= 0:
        return None
    name = max(freed, key=lambda name: freed[name])
    enough = "enough" if freed[name] >= shortfall_bytes else "not enough alone"
    return (
        f"halving {short_name(name)} (half the channels of the layer, or of the input) frees "
        f"{freed[name]:,} bytes of the arena: {enough}"
    )


def smallest_board(
    fits: Callable[[Board], bool], boards: Sequence[Board], without: Board
) -> Board | None:
    """Return the board with least RAM, then least flash, that `fits` says yes to."""
    others = [board for board in boards if board.id != without.id]
    for board in sorted(others, key=lambda board: (board.ram_bytes, board.flash_bytes, board.id)):
        if fits(board):
            return board
    return None


def without_float_io(graph: Graph) -> Graph | None:
    """Return `graph` with int8 inputs and outputs where it has float ones; None if it has none.

    QUANTIZE operators that read a float input and DEQUANTIZE operators that write a float output
    are dropped; what they wrote, or read, becomes the input or output.
    """
    main = graph.main
    dropped = dict(_float_edges(main))
    if not dropped:
        return None
    operators = tuple(
        op for op in main.operators if not any(_is_edge(op, pair) for pair in dropped.items())
    )
    kept = [tensor for tensor in main.tensors if tensor.index not in dropped]
    numbers = {tensor.index: number for number, tensor in enumerate(kept)}
    numbers |= {gone: numbers[left] for gone, left in dropped.items()} | {-1: -1}

    def renumbered(indices: Sequence[int]) -> tuple[int, ...]:
        return tuple(numbers[index] for index in indices)

    changed = replace(
        main,
        tensors=tuple(replace(tensor, index=number) for number, tensor in enumerate(kept)),
        operators=tuple(
            replace(
                op,
                index=index,
                inputs=renumbered(op.inputs),
                outputs=renumbered(op.outputs),
                intermediates=renumbered(op.intermediates),
            )
            for index, op in enumerate(operators)
        ),
        inputs=renumbered(main.inputs),
        outputs=renumbered(main.outputs),
    )
    return replace(graph, subgraphs=(changed, *graph.subgraphs[1:]))


def _top_bytes(buffers: Sequence[HeadBuffer], scope: int) -> int:
    live = live_buffers(buffers, scope)
    return max((buffer.offset_bytes + buffer.aligned_bytes for buffer in live), default=0)


def _operator_at(graph: Graph, scope: int) -> str:
    operators = graph.main.operators
    if len(graph.subgraphs) > 1 or not 1 <= scope <= len(operators):
        return f"step {scope}"
    return operator_name(graph.main, operators[scope - 1])


def _head_with_half(arena: Arena, halved: HeadBuffer) -> int:
    requirements = [
        Requirement(
            buffer.aligned_bytes if buffer is not halved else -(-buffer.size_bytes // 32) * 16,
            buffer.first,
            buffer.last,
        )
        for buffer in arena.buffers
    ]
    return size_of(requirements, plan(requirements))


def _float_edges(main: Subgraph) -> Iterator[tuple[int, int]]:
    """Yield (float input or output, its quantized counterpart)."""
    for op in main.operators:
        if op.op == "QUANTIZE" and op.inputs[0] in main.inputs and _is_float(main, op.inputs[0]):
            yield op.inputs[0], op.outputs[0]
        if op.op == "DEQUANTIZE" and op.outputs[0] in main.outputs:
            yield op.outputs[0], op.inputs[0]


def _is_edge(op: Operator, pair: tuple[int, int]) -> bool:
    ends = {op.inputs[0], op.outputs[0]} if op.inputs and op.outputs else set()
    return op.op in {"QUANTIZE", "DEQUANTIZE"} and ends == set(pair)


def _is_float(main: Subgraph, index: int) -> bool:
    return main.tensors[index].type == "FLOAT32"
