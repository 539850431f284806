"""RAM beyond the arena, and the region of the board that the arena goes to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from edgecompress.board import Board, Region
from edgecompress.files import COSTS_DIR
from edgecompress.memory.application import Application
from edgecompress.memory.flash import Item, flash_table, substitute_for

ARENA_ALIGNMENT_BYTES = 16
# Names of items, where others ask for them.
ARENA_MARGIN = "margin that generated firmware adds to it"
COPIED_MODEL = "model data copied to RAM (unless it is PROGMEM)"
_OLDER_PORTS = ("arduino", "platformio")  # frameworks whose TFLM is Chirale_TensorFlowLite


@dataclass(frozen=True)
class Placed:
    """A region of the board and what it holds."""

    region: Region
    items: tuple[Item, ...]

    @property
    def used_bytes(self) -> int:
        """Bytes of all items."""
        return sum(item.bytes for item in self.items)

    @property
    def headroom_bytes(self) -> int:
        """Bytes left over; negative where the region overflows."""
        return self.region.available_bytes - self.used_bytes


@dataclass(frozen=True)
class Placement:
    """Where RAM goes: the arena's region, and the main one where that is another."""

    arena: Placed
    main: Placed | None = None

    @property
    def fits(self) -> bool:
        """Whether no region overflows."""
        return self.shortfall_bytes == 0

    @property
    def shortfall_bytes(self) -> int:
        """Bytes by which regions overflow, together."""
        return sum(max(0, -placed.headroom_bytes) for placed in self.regions)

    @property
    def used_bytes(self) -> int:
        """Bytes used in the regions, together."""
        return sum(placed.used_bytes for placed in self.regions)

    @property
    def regions(self) -> tuple[Placed, ...]:
        """The region of the arena, and the main one if that is another."""
        return (self.arena,) if self.main is None else (self.arena, self.main)


def resident_items(
    registrations: Sequence[str],
    core: str,
    kernels: str,
    application: Application,
    interpreters: int = 1,
) -> tuple[Item, ...]:
    """Return the RAM that is needed besides the arena: TFLM's static data, stack, application.

    Args:
        registrations: the operators of every interpreter, one after the other.
        core: the board's core.
        kernels: the kernel library.
        application: what the firmware holds besides model and TFLM.
        interpreters: how many there are, each with a resolver: one for each model.
    """
    stack = _stack(core, kernels)
    spare = max(0, application.stack_bytes - stack.bytes)
    reserve = Item("stack that startup sets aside beyond that", "application", spare, "exact")
    return (
        _static_data(registrations, core, kernels, interpreters),
        stack,
        *([reserve] if spare else []),
        *application.ram,
    )


def arena_margin_bytes(min_bytes: int, basis: str, framework: str) -> int:
    """Return what generated firmware allocates beyond the smallest arena that works.

    In steps of 16 bytes and at least 256: 2 % for another release of TFLM where the arena is
    planned exactly, 10 % where it is estimated, or TFLM is the older port that Arduino and
    PlatformIO projects use (up to 6 % more was published, see docs/memory-model.md).
    """
    share = 0.02 if basis == "exact" and framework not in _OLDER_PORTS else 0.10
    return max(256, int(min_bytes * share) // 16 * 16)


def place(board: Board, arena: Sequence[Item], resident: Sequence[Item]) -> Placement:
    """Put the arena into the board's main (first) RAM region, or into another if it must be.

    Static data, stack and application stay in the main region. The other regions are tried in the
    order of the profile, the fastest first and memory beside the chip last; if none will do, the
    placement that lacks least is returned.
    """
    main = board.ram[0]
    together = Placement(Placed(main, (*arena, *resident)))
    apart = [
        Placement(Placed(region, (*arena, *_padding(region))), Placed(main, tuple(resident)))
        for region in board.ram[1:]
    ]
    return min((together, *apart), key=lambda placement: placement.shortfall_bytes)


def _padding(region: Region) -> tuple[Item, ...]:
    """Return what is lost in front of an aligned arena at the start of `region`, if anything."""
    padding = -region.available_address % ARENA_ALIGNMENT_BYTES
    return (Item("alignment of the arena", "application", padding, "exact"),) if padding else ()


def copied_code_items(main: Region, flash: Sequence[Item]) -> tuple[Item, ...]:
    """Return what the linker script copies from flash into `main`, if it does (Teensy 4)."""
    if not main.code_block_bytes:
        return ()
    code = sum(item.bytes for item in flash if item.kind != "model")
    constants = sum(item.bytes for item in flash if item.kind == "model")
    blocks = -(-code // main.code_block_bytes) * main.code_block_bytes
    return (
        Item("code copied to RAM, in whole blocks", "runtime", blocks, "estimated"),
        Item(COPIED_MODEL, "runtime", constants, "exact"),
    )


@cache
def _costs() -> dict[str, Any]:
    costs: dict[str, Any] = json.loads((COSTS_DIR / "ram.json").read_text(encoding="utf-8"))
    return costs


def _static_data(registrations: Sequence[str], core: str, kernels: str, interpreters: int) -> Item:
    """Interpreter, resolver, and initialised data of the C library that kernels pull in."""
    costs = _costs()
    substitute = substitute_for(core, kernels)
    table = flash_table(core if substitute is None else substitute.core)
    size = costs["static_bytes"] * interpreters
    size += costs["registration_bytes"] * len(registrations)
    basis = "measured" if substitute is None else "estimated"
    data = table.data_bytes(registrations)
    return Item("interpreter, resolver, library data", "runtime", size + data, basis)


def _stack(core: str, kernels: str) -> Item:
    costs = _costs()
    measured = costs["stacks"].get(f"{core}/{kernels}")
    if measured is not None:
        return Item("stack of AllocateTensors and Invoke", "stack", measured, "measured")
    is_arm = core.startswith("cortex-m")
    size = costs["stack_of_other_arm"] if is_arm else costs["stack_of_esp_idf"]
    return Item("stack of AllocateTensors and Invoke", "stack", size, "estimated")
