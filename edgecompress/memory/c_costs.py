"""What the C runtime's code and stack take on each core, measured by compiling it.

`benchmarks/memory/c_runtime.py` writes the table: `costs/c_runtime.json`. A core whose compiler
was not at hand borrows another's figures, enlarged by their band.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from edgecompress.files import COSTS_DIR
from edgecompress.memory.flash import Substitute

# What the kernels are compiled for: -O2 or -Os.
Optimize = Literal["speed", "size"]


@dataclass(frozen=True)
class KernelCost:
    """A kernel on a core, in bytes: its code, and the deepest its stack can be.

    `symbols` are the functions of the C library and of the compiler's that it calls.
    """

    code_bytes: int
    stack_bytes: int
    symbols: tuple[str, ...]


@dataclass(frozen=True)
class LibraryCost:
    """What a function of a library links, in bytes by archive member, and its stack."""

    members: Mapping[str, int]
    stack_bytes: int


@dataclass(frozen=True)
class CCosts:
    """The figures of a core.

    `runner_factors` times `program.sizes.code_features` is the code of a model's C source;
    `application_members` are what of libraries an image has without any kernel.
    """

    kernels: Mapping[str, KernelCost]
    library: Mapping[str, LibraryCost]
    runner_factors: tuple[float, ...]
    runner_stack_bytes: int
    application_flash_bytes: int
    semihosting_flash_bytes: int  # besides, where the board is QEMU's
    application_ram_bytes: int
    application_members: frozenset[str]

    def library_bytes(self, kernels: Iterable[str]) -> int:
        """Return the flash of what kernels need of libraries, beyond the application's needs."""
        members: dict[str, int] = {}
        for symbol in self._symbols(kernels):
            members |= self.library[symbol].members
        return sum(size for name, size in members.items() if name not in self.application_members)

    def stack_bytes(self, kernels: Iterable[str]) -> int:
        """Return the deepest stack of an inference: a bound, for nothing recurs.

        It is the deepest kernel's with the deepest library function that it calls, and the
        caller's.
        """
        return self.runner_stack_bytes + max(
            (self.kernel(name).stack_bytes + self._library_stack(name) for name in kernels),
            default=0,
        )

    def kernel(self, name: str) -> KernelCost:
        """Return a kernel's figures; those of the largest for one that is not in the table yet."""
        return self.kernels.get(name) or max(self.kernels.values(), key=lambda k: k.code_bytes)

    def _symbols(self, kernels: Iterable[str]) -> set[str]:
        return {symbol for name in kernels for symbol in self.kernel(name).symbols}

    def _library_stack(self, kernel: str) -> int:
        symbols = self.kernel(kernel).symbols
        return max((self.library[symbol].stack_bytes for symbol in symbols), default=0)


def descriptor_bytes(kernel: str) -> int:
    """Return the size of a kernel's constant descriptor on a 32-bit core; as `CCosts.kernel`."""
    known: Mapping[str, int] = _table()["descriptors"]
    return known.get(kernel, max(known.values()))


def c_substitute(core: str) -> Substitute | None:
    """Return what stands in for a core that was not measured, None for one that was."""
    if core in _table()["cores"]:
        return None
    substitutes = _table()["substitutes"]
    return Substitute(**substitutes.get(core, substitutes.get(core.partition("-")[0])))


@cache
def c_costs(core: str, optimize: Optimize = "speed") -> CCosts:
    """Return the figures of a core, or those of its substitute."""
    substitute = c_substitute(core)
    row = _table()["cores"][core if substitute is None else substitute.core]
    application, runner = row["application"], row["runner"][optimize]
    return CCosts(
        kernels={name: _kernel(figures) for name, figures in row[optimize].items()},
        library={
            symbol: LibraryCost(figures["members"], figures["stack"])
            for symbol, figures in row["library"].items()
        },
        runner_factors=tuple(runner["factors"]),
        runner_stack_bytes=runner["stack"],
        application_flash_bytes=application["flash"],
        semihosting_flash_bytes=application["semihosting"],
        application_ram_bytes=application["ram"],
        application_members=frozenset(application["members"]),
    )


def _kernel(figures: Sequence[Any]) -> KernelCost:
    code, stack, symbols = figures
    return KernelCost(code, stack, tuple(symbols))


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((COSTS_DIR / "c_runtime.json").read_text(encoding="utf-8"))
    return table
