"""What would make a model fit a board: each remedy judged again, in bytes."""

from collections.abc import Callable, Sequence
from functools import partial

from edgecompress.board import Board
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.memory.ram import COPIED_MODEL
from edgecompress.memory.verdict.judge import RegistrationKind, Verdict, judge
from edgecompress.memory.verdict.runtime_cost import hopeless_in_words
from edgecompress.memory.verdict.suggest import (
    describe_peak,
    halving,
    smallest_board,
    without_float_io,
)
from edgecompress.tflite.graph import Graph


def remedies(
    verdict: Verdict,
    graph: Graph,
    registration: RegistrationKind,
    fits: Callable[[Board], bool],
    boards: Sequence[Board],
) -> tuple[str, ...]:
    """Return suggestions for a model that does not fit.

    Args:
        verdict: of the board it does not fit.
        graph: the model.
        registration: what the verdict was judged with.
        fits: says whether the model fits another board, with that board's kernels.
        boards: the other boards.
    """
    cuts = (*_for_ram(verdict, graph), *_for_flash(verdict, graph))
    return (
        *(hopeless_in_words(verdict, graph) if verdict.pruning_cannot_help else cuts),
        *_int8_io(verdict, graph, registration),
        *_other_kernels(verdict, graph, registration),
        *_code_in_flash(verdict),
        other_board(verdict, fits, boards),
    )


def _for_ram(verdict: Verdict, graph: Graph) -> list[str]:
    shortfall = verdict.ram.shortfall_bytes
    if not shortfall:
        return []
    half = halving(verdict.arena, shortfall)
    peak = describe_peak(graph, verdict.arena)
    return [f"cut {shortfall:,} bytes of RAM: {peak}", *([half] if half else [])]


def _for_flash(verdict: Verdict, graph: Graph) -> list[str]:
    shortfall, room = -verdict.flash.headroom_bytes, verdict.model_room_bytes
    if shortfall <= 0:
        return []
    part = f"{room / graph.size_bytes:.1%} of its size"
    advice = f"a model of at most {room:,} bytes would fit: prune it to {part}"
    return [f"cut {shortfall:,} bytes of flash: {advice}"]


def _int8_io(verdict: Verdict, graph: Graph, registration: RegistrationKind) -> list[str]:
    """Judge the same model with int8 inputs and outputs, if it has float ones."""
    changed = without_float_io(graph)
    if changed is None:
        return []
    planner = partial(plan_arena, changed)
    after = judge(changed, verdict.board, verdict.kernels, registration, planner)
    return [f"int8 inputs and outputs instead of float free {freed(verdict, after)}"]


def _other_kernels(verdict: Verdict, graph: Graph, registration: RegistrationKind) -> list[str]:
    """Judge with narrow registrations or reference kernels, where they make it fit."""
    found = []
    planner = partial(plan_arena, graph)
    if registration == "default":
        after = judge(graph, verdict.board, verdict.kernels, "narrow", planner)
        found.append(f"registering int8 kernels only frees {freed(verdict, after)}")
    if verdict.kernels != "reference":
        after = judge(graph, verdict.board, "reference", registration, planner)
        if after.fits:
            found.append(f"reference kernels (slower) free {freed(verdict, after)}")
    return found


def _code_in_flash(verdict: Verdict) -> list[str]:
    """Count what PROGMEM frees on a board whose linker script copies constants to RAM."""
    main = verdict.ram.main or verdict.ram.arena
    constants = sum(item.bytes for item in main.items if item.name == COPIED_MODEL)
    if not constants or verdict.ram.fits:
        return []
    enough = "enough" if constants >= -main.headroom_bytes else "not enough alone"
    kept = f"keeps {constants:,} bytes of it in flash, out of RAM"
    return [f"declaring the model PROGMEM {kept}: {enough}"]


def other_board(verdict: Verdict, fits: Callable[[Board], bool], boards: Sequence[Board]) -> str:
    """Name the smallest other board that the model fits as it is."""
    found = smallest_board(fits, boards, without=verdict.board)
    if found is None:
        return "no other board known to edgecompress has room for it as it is"
    outside = (
        f" and {found.external_ram_bytes:,} beside the chip" if found.external_ram_bytes else ""
    )
    return (
        f"{found.id} ({found.name}) is the smallest other board it fits: "
        f"{found.ram_bytes:,} bytes of RAM{outside}, {found.flash_bytes:,} of flash"
    )


def freed(before: Verdict, after: Verdict) -> str:
    """Say what a remedy frees, and whether it is enough."""
    arena = before.arena.min_bytes - after.arena.min_bytes
    flash = before.flash.used_bytes - after.flash.used_bytes
    ending = "and then it fits" if after.fits else "which alone is not enough"
    return f"{arena:,} bytes of the arena and {flash:,} of flash, {ending}"
