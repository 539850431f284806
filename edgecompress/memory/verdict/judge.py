"""One model on one board: everything added up and held against the board's regions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from edgecompress.board import Board
from edgecompress.memory.application import application
from edgecompress.memory.arena.plan import Arena
from edgecompress.memory.flash import MODEL_ALIGNMENT_BYTES, Item, flash_items
from edgecompress.memory.latency import Latency, estimate_latency
from edgecompress.memory.ram import (
    ARENA_MARGIN,
    COPIED_MODEL,
    Placed,
    Placement,
    arena_margin_bytes,
    copied_code_items,
    place,
    resident_items,
)
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.operators import TFLM_COMMIT, registrations

Runtime = Literal["tflm", "c"]
RegistrationKind = Literal["narrow", "default"]
Planner = Callable[[str, str], Arena]  # core, kernels

# The .tflite of two dense layers with 30 parameters is 928 bytes: less is no model of any task.
LEAST_MODEL_BYTES = 1024
SHRINKING = (ARENA_MARGIN, COPIED_MODEL)  # RAM not of kind "arena" that is less for less model


@dataclass(frozen=True)
class Verdict:
    """One model on one board with one runtime. Sizes in bytes, each item with its basis.

    `runs` is whether the runtime has all that the model needs; if not, `problems` say what it
    lacks, and nothing is placed.
    """

    board: Board
    kernels: str
    arena: Arena
    flash: Placed
    ram: Placement
    tflm: str = TFLM_COMMIT
    runtime: Runtime = "tflm"
    runs: bool = True
    latency: Latency | None = None
    problems: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The board, and the runtime unless it is TFLM."""
        return self.board.id if self.runtime == "tflm" else f"{self.board.id}, C runtime"

    @property
    def fits(self) -> bool:
        """Whether it runs, and no region of the board overflows."""
        return self.runs and self.flash.headroom_bytes >= 0 and self.ram.fits

    @property
    def fixed_flash(self) -> tuple[Item, ...]:
        """What stays in flash whatever is cut from the model: runtime and application."""
        return tuple(item for item in self.flash.items if item.kind != "model")

    @property
    def fixed_ram(self) -> tuple[Item, ...]:
        """What stays in the main RAM region whatever is cut: runtime, stack, application."""
        main = self.ram.main or self.ram.arena
        return tuple(
            item for item in main.items if item.kind != "arena" and item.name not in SHRINKING
        )

    @property
    def model_room_bytes(self) -> int:
        """The largest model that the flash has room for, in whole alignments; negative if none."""
        room = self.flash.region.available_bytes - _total_bytes(self.fixed_flash)
        return room // MODEL_ALIGNMENT_BYTES * MODEL_ALIGNMENT_BYTES

    @property
    def flash_is_hopeless(self) -> bool:
        """Whether flash overflows and leaves no room for a model, however far it is pruned.

        The bound is of bytes and no share of the model: a CNN of 319 KB that had room for 16 KB
        lost a point of accuracy.
        """
        return self.flash.headroom_bytes < 0 and self.model_room_bytes < LEAST_MODEL_BYTES

    @property
    def ram_is_hopeless(self) -> bool:
        """Whether RAM overflows even without an arena, and without constants copied to it."""
        return _total_bytes(self.fixed_ram) > self.board.ram[0].available_bytes

    @property
    def pruning_cannot_help(self) -> bool:
        """Whether the runtime and the application alone are too large for the board."""
        return self.flash_is_hopeless or self.ram_is_hopeless


def judge(
    graph: Graph, board: Board, kernels: str, registration: RegistrationKind, planner: Planner
) -> Verdict:
    """Add up flash and RAM of `graph` on `board`; without suggestions.

    Args:
        graph: a model that TFLM supports.
        board: whose regions count.
        kernels: the kernel library TFLM is built with.
        registration: "narrow" or "default"; see `fit`.
        planner: plans the arena for a core and a kernel library.
    """
    narrow = registration == "narrow"
    names = [entry.name for entry in registrations(graph, kernels, narrow=narrow)]
    arena = planner(board.core, kernels)
    margin = arena_margin_bytes(arena.min_bytes, arena.basis, next(iter(board.frameworks)))
    items = arena_items(arena.min_bytes, margin, arena.basis)
    flash, ram = place_firmware(board, kernels, graph.size_bytes, [names], items)
    flash = replace(flash, items=(*flash.items, *normalization_items(graph)))
    verdict = Verdict(
        board=board,
        kernels=kernels,
        arena=arena,
        flash=flash,
        ram=ram,
        # What was measured is of arenas in the chip's own RAM.
        latency=None if ram.arena.region.external else estimate_latency(graph, board, kernels),
    )
    return replace(verdict, problems=problems_of(verdict))


def place_firmware(
    board: Board,
    kernels: str,
    model_bytes: int,
    resolvers: Sequence[Sequence[str]],
    arena: Sequence[Item],
) -> tuple[Placed, Placement]:
    """Put a firmware whose models share one arena into the board's regions: flash and RAM.

    Args:
        board: whose regions count, and whose first framework says what an application takes.
        kernels: the kernel library TFLM is built with.
        model_bytes: size of all models together.
        resolvers: for each model, the operators it registers.
        arena: what the arena is made of; see `arena_items`.
    """
    registered = list(chain.from_iterable(resolvers))
    names = list(dict.fromkeys(registered))
    app = application(board)
    flash = (*flash_items(model_bytes, names, board.core, kernels), *app.flash)
    resident = (
        *resident_items(registered, board.core, kernels, app, interpreters=len(resolvers)),
        *copied_code_items(board.ram[0], flash),
    )
    region = max(board.flash, key=lambda region: region.available_bytes)
    return Placed(region, flash), place(board, arena, resident)


def normalization_items(graph: Graph) -> Iterator[Item]:
    """Yield what the generated runner keeps to normalize inputs, where the model wants it."""
    inputs = [graph.main.tensors[index].normalization for index in graph.main.inputs]
    size_bytes = sum(normalization.size_bytes for normalization in inputs if normalization)
    if size_bytes:
        yield Item("mean and deviation of the inputs", "application", size_bytes, "exact")


def arena_items(min_bytes: int, margin_bytes: int, basis: str) -> tuple[Item, ...]:
    """Return what the arena of generated firmware is made of."""
    return (
        Item("tensor arena", "arena", min_bytes, basis),
        Item(ARENA_MARGIN, "application", margin_bytes, "exact"),
    )


def _total_bytes(items: Sequence[Item]) -> int:
    return sum(item.bytes for item in items)


def problems_of(verdict: Verdict) -> tuple[str, ...]:
    """Return what of the regions of a board overflows, each as a sentence."""
    placed = [("flash", verdict.flash), ("RAM", verdict.ram.arena)]
    if verdict.ram.main is not None:
        placed.append(("RAM", verdict.ram.main))
    return tuple(
        f"{kind} region {place.region.name}: {place.used_bytes:,} bytes needed, "
        f"{place.region.available_bytes:,} available, {-place.headroom_bytes:,} too many"
        for kind, place in placed
        if place.headroom_bytes < 0
    )
