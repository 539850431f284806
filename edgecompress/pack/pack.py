"""A .tflite that answers the same in less RAM and flash: what is free, before anything is cut."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgecompress.memory.arena.target import Target, target_of
from edgecompress.pack.order import Order
from edgecompress.pack.rewrite import smaller
from edgecompress.pack.variants import (
    Sizes,
    Variant,
    chosen,
    order_of,
    sizes_of,
    that_run,
    variants_of,
)
from edgecompress.pack.weights import NO_LIMITS, Limits, pack_weights
from edgecompress.tflite.operators import check_supported
from edgecompress.tflite.reader import read_model

# What a plan has to suit when no board is named, by core.
FAMILIES: Mapping[str, Target] = {
    "cortex-m0plus": target_of("cortex-m0plus", "reference"),
    "cortex-m4f": target_of("cortex-m4f", "cmsis-nn"),
    "cortex-m55": target_of("cortex-m55", "cmsis-nn"),
}


@dataclass(frozen=True)
class Step:
    """One way to save, whether it was taken, why, and what the model takes after it."""

    name: str  # "file", "weights", "order" or "plan"
    done: bool
    what: str
    sizes: Sizes


@dataclass(frozen=True)
class Packed:
    """The packed model, and how it came to be."""

    model: bytes
    before: Sizes
    steps: tuple[Step, ...]

    @property
    def after(self) -> Sizes:
        """What the packed model takes."""
        return self.steps[-1].sizes

    @property
    def arena_bytes(self) -> int:
        """The smallest arena that works on each of the cores."""
        return max(self.after.arena_bytes.values())


def pack(
    model: bytes,
    targets: Mapping[str, Target] = FAMILIES,
    *,
    ram_budget_bytes: int | None = None,
    limits: Limits = NO_LIMITS,
) -> Packed:
    """Return a model whose outputs are equal bit for bit, with a smaller arena and file.

    Operators are put in the order of the lowest peak, and a memory plan is embedded, where that
    lowers the arena on one core and raises it on none. Packing twice changes nothing. Only where
    flash binds are weights encoded, which raises the arena.

    Args:
        model: a .tflite.
        targets: by core, what the arena is planned for; those that cannot run the model are left
            out. By default the three families of kernels on Cortex-M.
        ram_budget_bytes: an arena that is small enough: of the ways to write the model that keep to
            it, that with the smallest file is taken. A memory plan takes 4 bytes for each tensor.
        limits: a flash budget, and what encoded weights may raise the arena to.

    Raises:
        ModelError: the model cannot be read.
        UnsupportedModelError: TFLM cannot run it, or none of the targets can.
    """
    check_supported(read_model(model))
    running = that_run(model, targets)
    file = smaller(model)
    weights = pack_weights(file, running, limits)
    lighter = weights.model if weights else file
    order = order_of(lighter, running)
    variants = variants_of(lighter, order, running)
    taken = chosen(variants, ram_budget_bytes)
    before = sizes_of(model, running)
    steps = [_file_step(before, sizes_of(file, running))]
    if weights:
        steps.append(Step("weights", weights.done, weights.what, variants[0].sizes))
    return Packed(taken.model, before, (*steps, *_steps(variants, taken, order)))


def _file_step(before: Sizes, sizes: Sizes) -> Step:
    fewer = sizes.model_bytes < before.model_bytes
    why = (
        "without what no interpreter reads, equal constants once"
        if fewer
        else "nothing to leave out"
    )
    return Step("file", fewer, why, sizes)


def _steps(variants: Sequence[Variant], taken: Variant, order: Order | None) -> Iterator[Step]:
    sizes = variants[0].sizes
    if "order" in taken.changes:
        sizes = next(each.sizes for each in variants if [*each.changes] == ["order"])
    yield Step(
        "order", "order" in taken.changes, taken.changes.get("order", _why_kept(order)), sizes
    )
    kept = "TFLM's own plan gives no larger arena, or one that is small enough"
    yield Step("plan", "plan" in taken.changes, taken.changes.get("plan", kept), taken.sizes)


def _why_kept(order: Order | None) -> str:
    if order is None:
        return "a tensor is written more than once"
    if list(order.operators) != sorted(order.operators):
        return "another order has a lower peak, but gives no smaller arena"
    return "no order has a lower peak" if order.optimal else "no better one found"
