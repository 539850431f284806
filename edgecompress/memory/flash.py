"""Flash of a firmware: the model, the TFLM runtime it links, and the application.

The runtime is the union of the linked sections of the operators a model registers, measured with
TFLM at a pinned commit (`costs/flash_<core>.json`): operators share library code, so their sizes
do not add up. A core without a table borrows the nearest one's, enlarged by its error band.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from edgecompress.files import COSTS_DIR

RUNNER = "model runner"  # the part of the image that has the resolver
_KERNEL_ITEM = re.compile(r"(\S+) kernel(?:, .+)?")  # the names of items for a single kernel
MODEL_ALIGNMENT_BYTES = 16  # alignas(16) of the generated array, as TFLM's examples have it


@dataclass(frozen=True)
class Item:
    """Something that takes memory. `basis` is "exact", "measured" or "estimated"."""

    name: str
    kind: str  # "model", "runtime", "application"; in RAM also "arena", "stack"
    bytes: int
    basis: str


@dataclass(frozen=True)
class FlashTable:
    """Measured sections of one core and kernel library.

    `groups[i]` is the bytes of sections that the same operators need and `parts[i]` the part of the
    image that they are in ("TFLM core", "kernel conv"); `operators` says which groups each
    registration links ("CONV_2D", or "CONV_2D@INT8" for its int8-only variant).
    """

    core: str
    kernels: str
    compiler: str
    core_parts: Mapping[str, int]  # bytes that are linked without any operator, by part
    resolver_bytes: tuple[int, int]  # once and per further operator, if there are several
    groups: tuple[int, ...]
    parts: tuple[str, ...]
    data_groups: int  # the last groups are initialised data: in flash and in RAM
    operators: Mapping[str, tuple[int, ...]]

    @property
    def core_bytes(self) -> int:
        """Flash that is linked without any operator."""
        return sum(self.core_parts.values())

    def entry(self, registration: str) -> str | None:
        """Return the table's name for a registration; the all-type one if only that is known."""
        plain = registration.partition("@")[0]
        return next((name for name in (registration, plain) if name in self.operators), None)

    def linked_groups(self, registrations: Iterable[str]) -> frozenset[int]:
        """Return the groups linked for `registrations`, each once; unknown ones link none."""
        names = [self.entry(registration) for registration in registrations]
        return frozenset(group for name in names if name for group in self.operators[name])

    def bytes_of(self, groups: Iterable[int]) -> int:
        """Return the flash of `groups`."""
        return sum(self.groups[group] for group in groups)

    def data_bytes(self, registrations: Iterable[str]) -> int:
        """Return the initialised data (RAM) of the library code that `registrations` link."""
        first = len(self.groups) - self.data_groups
        return self.bytes_of(g for g in self.linked_groups(registrations) if g >= first)

    def resolver(self, count: int) -> int:
        """Return the code that registers `count` operators, beyond that of a single one."""
        once, each = self.resolver_bytes
        return once + each * (count - 1) if count > 1 else 0


@dataclass(frozen=True)
class Substitute:
    """A measured table that stands in for one that is missing, and how far it may be off.

    The estimate is `scale` times the table's figure, and `band` (a share of it) on top, so that
    it errs towards too much. `reason` says where scale and band come from.
    """

    core: str
    scale: float
    band: float
    reason: str


def flash_items(
    model_bytes: int, registrations: Sequence[str], core: str, kernels: str
) -> tuple[Item, ...]:
    """Return the model and the TFLM runtime; the application is the board's affair.

    Args:
        model_bytes: size of the .tflite file.
        registrations: operators as the tables name them, each once; see `FlashTable`.
        core: the board's core ("cortex-m4f").
        kernels: "reference", "cmsis-nn" or "esp-nn".
    """
    return (model_item(model_bytes), *runtime_items(registrations, core, kernels))


def model_item(model_bytes: int) -> Item:
    """Return what a .tflite file takes as the aligned array of generated firmware."""
    aligned = -(-model_bytes // MODEL_ALIGNMENT_BYTES) * MODEL_ALIGNMENT_BYTES
    return Item("model data, aligned to 16 bytes", "model", aligned, "exact")


def runtime_items(registrations: Sequence[str], core: str, kernels: str) -> tuple[Item, ...]:
    """Return TFLM's core, each operator's own code, and what operators share."""
    substitute = substitute_for(core, kernels)
    if substitute is not None:
        return _borrowed_items(registrations, substitute)
    table = flash_table(core)
    known = [name for name in registrations if table.entry(name)]
    strange = [name for name in registrations if not table.entry(name)]
    return (
        Item("TFLM core and resolver", "runtime", _core_bytes(table, registrations), "measured"),
        *_operator_items(table, known),
        *(_strange_item(name, table, known) for name in strange),
    )


def kernel_of(item: Item) -> str | None:
    """Return the registration whose own code `item` of `runtime_items` is; None if it is none."""
    match = _KERNEL_ITEM.fullmatch(item.name) if item.kind == "runtime" else None
    return match[1] if match else None


def runtime_bytes(registrations: Sequence[str], core: str, kernels: str) -> int:
    """Return the flash of TFLM, its kernels and the library code they pull in."""
    return sum(item.bytes for item in runtime_items(registrations, core, kernels))


def runtime_parts(registrations: Sequence[str], core: str, kernels: str) -> dict[str, int]:
    """Return the bytes of `runtime_items` by the part of a linked image that they will be in."""
    substitute = substitute_for(core, kernels)
    table = flash_table(core if substitute is None else substitute.core)
    sizes = Counter(table.core_parts)
    sizes[RUNNER] += table.resolver(len(registrations))
    for group in sorted(table.linked_groups(registrations)):
        sizes[table.parts[group]] += table.groups[group]
    if substitute is not None:
        factor = substitute.scale * (1 + substitute.band)
        return {part: int(size * factor) for part, size in sizes.items()}
    known = [name for name in registrations if table.entry(name)]
    for name in registrations:
        if name not in known:
            item = _strange_item(name, table, known)
            sizes[item.name] += item.bytes
    return dict(sizes)


def substitute_for(core: str, kernels: str) -> Substitute | None:
    """Return what stands in for a missing table, or None if `core` and `kernels` are measured."""
    index = _index()
    if f"{core}/{kernels}" in index["tables"]:
        return None
    substitutes = index["substitutes"]
    return Substitute(**substitutes.get(f"{core}/{kernels}", substitutes["other"]))


@cache
def flash_table(core: str) -> FlashTable:
    """Load the measured table of a core."""
    data = json.loads((COSTS_DIR / f"flash_{core}.json").read_text(encoding="utf-8"))
    once, each = data["resolver_bytes"]
    return FlashTable(
        core=data["core"],
        kernels=data["kernels"],
        compiler=data["compiler"],
        core_parts=data["core_parts"],
        resolver_bytes=(once, each),
        groups=tuple(data["group_bytes"]),
        parts=tuple(data["parts"][part] for part in data["group_parts"]),
        data_groups=data["data_groups"],
        operators={name: tuple(groups) for name, groups in data["operators"].items()},
    )


@cache
def _index() -> dict[str, Any]:
    index: dict[str, Any] = json.loads((COSTS_DIR / "flash.json").read_text(encoding="utf-8"))
    return index


def _core_bytes(table: FlashTable, registrations: Sequence[str]) -> int:
    return table.core_bytes + table.resolver(len(registrations))


def _operator_items(table: FlashTable, known: Sequence[str]) -> tuple[Item, ...]:
    """Return each operator's own code, then the code that several of them need."""
    own = {
        name: table.linked_groups([name])
        - table.linked_groups(other for other in known if other != name)
        for name in known
    }
    shared = table.linked_groups(known) - frozenset().union(*own.values())
    items = [
        Item(f"{name} kernel", "runtime", table.bytes_of(groups), "measured")
        for name, groups in own.items()
    ]
    if shared:
        items.append(
            Item("code shared by these kernels", "runtime", table.bytes_of(shared), "measured")
        )
    return tuple(items)


def _strange_item(name: str, table: FlashTable, known: Sequence[str]) -> Item:
    """Return an upper estimate for an operator that was not measured on this core.

    What the operator adds on the core with the most complete table, enlarged by the largest ratio
    of the two tables' operators; the largest operator of all if it was not measured anywhere.
    """
    widest = flash_table(_index()["widest"])
    if widest.entry(name):
        added = widest.linked_groups([name]) - widest.linked_groups(known)
        size = int(widest.bytes_of(added) * _index()["strange_scale"])
    else:
        size = max(table.bytes_of(groups) for groups in table.operators.values())
    return Item(f"{name} kernel, not measured on {table.core}", "runtime", size, "estimated")


def _borrowed_items(registrations: Sequence[str], substitute: Substitute) -> tuple[Item, ...]:
    """Return another core's items, each enlarged; the first takes what rounding leaves over."""
    table = flash_table(substitute.core)
    factor = substitute.scale * (1 + substitute.band)
    borrowed = runtime_items(registrations, table.core, table.kernels)
    first, *others = (_borrowed(item, int(item.bytes * factor), table.core) for item in borrowed)
    total = int(sum(item.bytes for item in borrowed) * factor)
    rest = total - sum(item.bytes for item in others)
    name = f"{first.name} plus {substitute.band:.0%}"
    return (replace(first, name=name, bytes=rest), *others)


def _borrowed(item: Item, size_bytes: int, core: str) -> Item:
    source = f", as on {core}" if item.basis == "measured" else ""
    return Item(f"{item.name}{source}", "runtime", size_bytes, "estimated")
