"""What a model that fits leaves of flash and RAM for the rest of the user's application."""

from edgecompress.board import Board
from edgecompress.memory.ram import Placed
from edgecompress.memory.verdict.judge import Verdict

# Less than either is hardly room for an application: one for large boards, one for small ones.
_SCARCE_BYTES = 4096
_SCARCE_SHARE = 0.05


def scarce_room(verdict: Verdict) -> tuple[str, ...]:
    """Say of which memory little is left, where nothing of it is reserved; nothing otherwise."""
    board, main = verdict.board, verdict.ram.main or verdict.ram.arena
    memories = (
        ("RAM", main, board.reserve_ram_bytes, "--reserve-ram"),
        ("flash", verdict.flash, board.reserve_flash_bytes, "--reserve-flash"),
    )
    return tuple(
        f"only {placed.headroom_bytes:,} of {placed.region.available_bytes:,} bytes of {memory} "
        f"are left for the rest of your application; {option} BYTES keeps room for it"
        for memory, placed, reserved, option in memories
        if not reserved and _is_scarce(placed)
    )


def arena_apart(verdict: Verdict) -> tuple[str, ...]:
    """Say where the arena goes if that is not the main RAM, and what that costs in speed."""
    if verdict.ram.main is None:
        return ()
    region, main = verdict.ram.arena.region, verdict.ram.main.region
    cost = f". {region.cost[0].upper()}{region.cost[1:]}" if region.cost else ""
    where = f"{region.name}, external memory" if region.external else region.name
    return (f"the arena goes to {where}, as {main.name} has no room for it{cost}",)


def kept_room(board: Board) -> tuple[str, ...]:
    """Say what of a board is kept for the user's application, if anything."""
    kept = (("RAM", board.reserve_ram_bytes), ("flash", board.reserve_flash_bytes))
    sizes = " and ".join(f"{size:,} bytes of {memory}" for memory, size in kept if size)
    return (f"kept for the rest of your application: {sizes}",) if sizes else ()


def _is_scarce(placed: Placed) -> bool:
    share_bytes = _SCARCE_SHARE * placed.region.available_bytes
    return placed.headroom_bytes < min(_SCARCE_BYTES, share_bytes)
