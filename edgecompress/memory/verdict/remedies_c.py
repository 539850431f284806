"""What would make a model fit a board with the C runtime."""

from collections.abc import Callable, Iterator, Sequence

from edgecompress.board import Board
from edgecompress.memory.arena.plan import Arena
from edgecompress.memory.verdict.judge import Verdict
from edgecompress.memory.verdict.remedies import other_board
from edgecompress.memory.verdict.suggest import live_buffers, peak_scope
from edgecompress.program.program import Program
from edgecompress.tflite.names import short_name

_NAMED_BUFFERS = 3


def remedies_c(
    verdict: Verdict, program: Program, fits: Callable[[Board], bool], boards: Sequence[Board]
) -> tuple[str, ...]:
    """Return suggestions for a model that does not fit.

    Args:
        verdict: of the board it does not fit.
        program: the model's.
        fits: says whether the model fits another board with the C runtime.
        boards: the other boards.
    """
    return (*_for_memory(verdict, program), other_board(verdict, fits, boards))


def _for_memory(verdict: Verdict, program: Program) -> Iterator[str]:
    shortfall = verdict.ram.shortfall_bytes
    if verdict.pruning_cannot_help:
        fixed = sum(item.bytes for item in verdict.fixed_flash)
        yield (
            f"pruning cannot help: kernels and application take {fixed:,} bytes of flash, and "
            f"{sum(item.bytes for item in verdict.fixed_ram):,} of RAM are taken without any arena"
        )
    elif shortfall:
        yield f"cut {shortfall:,} bytes of RAM: {_peak(verdict.arena, program)}"
    if verdict.flash.headroom_bytes < 0 and not verdict.pruning_cannot_help:
        stored = sum(item.bytes for item in verdict.flash.items if item.kind == "model")
        part = f"{verdict.model_room_bytes / stored:.1%} of what they take"
        yield (
            f"cut {-verdict.flash.headroom_bytes:,} bytes of flash: weights, tables and "
            f"descriptors of at most {verdict.model_room_bytes:,} bytes would fit: prune to {part}"
        )


def _peak(arena: Arena, program: Program) -> str:
    """Say which call holds the arena's peak, and what lies in it then."""
    scope = peak_scope(arena)
    live = live_buffers(arena.buffers, scope)
    named = ", ".join(f"{short_name(b.name)} {b.size_bytes:,}" for b in live[:_NAMED_BUFFERS])
    more = f" and {len(live) - _NAMED_BUFFERS} more" if len(live) > _NAMED_BUFFERS else ""
    calls = program.calls
    at = f"layer '{short_name(calls[scope - 1].layer)}'" if 1 <= scope <= len(calls) else "an end"
    return (
        f"the arena's {arena.head_bytes:,} bytes are full at {at}, where these live: {named}{more}"
    )
