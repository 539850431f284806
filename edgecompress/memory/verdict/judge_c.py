"""One model on one board with the C runtime: its program's memory against the board's regions."""

from dataclasses import replace

from edgecompress.board import Board
from edgecompress.memory.arena.head import HeadBuffer
from edgecompress.memory.arena.plan import Arena
from edgecompress.memory.arena.target import target_of
from edgecompress.memory.c_costs import Optimize
from edgecompress.memory.c_firmware import place_c_firmware
from edgecompress.memory.ram import Placed, Placement
from edgecompress.memory.verdict.judge import Verdict, normalization_items, problems_of
from edgecompress.program.program import Program
from edgecompress.tflite.graph import Graph


def judge_c(graph: Graph, board: Board, program: Program, optimize: Optimize = "speed") -> Verdict:
    """Add up flash and RAM of a model's program on `board`; without suggestions.

    Args:
        graph: the model.
        board: whose regions count.
        program: the model's.
        optimize: what it is compiled for.
    """
    flash, ram = place_c_firmware(board, [program], optimize)
    flash = replace(flash, items=(*flash.items, *normalization_items(graph)))
    verdict = Verdict(board, board.kernels, c_arena(program, board.core), flash, ram, runtime="c")
    return replace(verdict, problems=problems_of(verdict))


def unable(board: Board, why: str) -> Verdict:
    """Return the verdict of a model that the C runtime cannot run: nothing is placed."""
    flash = max(board.flash, key=lambda region: region.available_bytes)
    return Verdict(
        board=board,
        kernels=board.kernels,
        arena=c_arena(None, board.core),
        flash=Placed(flash, ()),
        ram=Placement(Placed(board.ram[0], ())),
        runtime="c",
        runs=False,
        problems=(why,),
    )


def c_arena(program: Program | None, core: str) -> Arena:
    """Return the arena as it is allocated: all of it is planned, and nothing persists in it."""
    size = program.arena_bytes if program is not None else 0
    return Arena(
        min_bytes=size,
        used_bytes=size,
        head_bytes=size,
        tail_bytes=0,
        planning_bytes=0,
        basis="exact",
        why_estimated=(),
        sections={},
        buffers=_buffers(program) if program is not None else (),
        operators=(),
        target=target_of(core, "reference"),
    )


def _buffers(program: Program) -> tuple[HeadBuffer, ...]:
    """Return what lies in the arena, by calls: 0 is before the first, n while n-1 runs."""
    tensors = [
        HeadBuffer(p.name, 0, p.tensor, None, p.size_bytes, p.size_bytes, p.first + 1, p.last + 1,
                   p.offset_bytes)
        for p in program.places.values()
    ]  # fmt: skip
    scratch = [
        HeadBuffer(f"scratch of {call.layer}", 0, None, number, call.scratch_bytes,
                   call.scratch_bytes, number + 1, number + 1, offset)
        for number, (call, offset) in enumerate(
            zip(program.calls, program.scratch_offsets, strict=True)
        )
        if offset >= 0
    ]  # fmt: skip
    return (*tensors, *scratch)
