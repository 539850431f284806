"""What the runtime's code costs a board that it alone is too large for."""

from collections.abc import Iterator, Sequence

from edgecompress.memory.flash import Item, kernel_of
from edgecompress.memory.verdict.judge import Verdict
from edgecompress.memory.verdict.spared import what_spares
from edgecompress.tflite.graph import Graph

_NAMED = 3  # of the costliest kernels, and of what fills RAM


def hopeless_in_words(verdict: Verdict, graph: Graph) -> tuple[str, ...]:
    """Say where pruning cannot help, what costs most there, and what would spare it."""
    return (
        *([_flash_in_words(verdict, graph)] if verdict.flash_is_hopeless else ()),
        *([_ram_in_words(verdict)] if verdict.ram_is_hopeless else ()),
    )


def _flash_in_words(verdict: Verdict, graph: Graph) -> str:
    fixed = sum(item.bytes for item in verdict.fixed_flash)
    available = verdict.flash.region.available_bytes
    room = f"and leave {available - fixed:,} for the model" if fixed < available else "without any"
    return (
        f"pruning cannot help: TFLM's code and the application take {fixed:,} of {available:,} "
        f"bytes of flash, {room}{_costliest(verdict, graph)}"
    )


def _ram_in_words(verdict: Verdict) -> str:
    fixed = sum(item.bytes for item in verdict.fixed_ram)
    largest = sorted(verdict.fixed_ram, key=lambda item: -item.bytes)[:_NAMED]
    named = [f"{_size(item)} for {item.name}" for item in verdict.fixed_ram if item in largest]
    return (
        f"pruning cannot help: without any tensor arena {fixed:,} of "
        f"{verdict.board.ram[0].available_bytes:,} bytes of RAM are taken: {'; '.join(named)}"
    )


def _costliest(verdict: Verdict, graph: Graph) -> str:
    kernels = list(_kernels(verdict.fixed_flash))
    largest = sorted(kernels, key=lambda kernel: -kernel[1].bytes)[:_NAMED]
    if not largest:
        return ""
    named = "; ".join(_in_words(op, item, graph) for op, item in largest)
    return f". Of its own code most is that of {named}"


def _kernels(items: Sequence[Item]) -> Iterator[tuple[str, Item]]:
    for item in items:
        registration = kernel_of(item)
        if registration is not None:
            yield registration.partition("@")[0], item


def _in_words(op: str, item: Item, graph: Graph) -> str:
    spared = what_spares(op, graph)
    return f"{op}, {_size(item)}{f' ({spared})' if spared else ''}"


def _size(item: Item) -> str:
    return f"{item.bytes:,} bytes{', estimated' if item.basis == 'estimated' else ''}"
