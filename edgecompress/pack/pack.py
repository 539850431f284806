"""A .tflite that answers the same in less RAM and flash: what is free, before anything is cut."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgecompress.memory.arena.plan import plan_for
from edgecompress.memory.arena.target import Target, target_of
from edgecompress.pack.order import Order
from edgecompress.pack.packed import Packed, Step
from edgecompress.pack.patches.costs import costs_of
from edgecompress.pack.patching import patch_to_fit, patches_step
from edgecompress.pack.rewrite import smaller, without_plan
from edgecompress.pack.variants import (
    Sizes,
    Targets,
    Variant,
    chosen,
    order_of,
    sizes_of,
    that_run,
    variants_of,
)
from edgecompress.pack.weights import NO_LIMITS, Limits, flash_bytes, pack_weights
from edgecompress.tflite.operators import check_supported
from edgecompress.tflite.reader import read_model

# What a plan has to suit when no board is named, by core.
FAMILIES: Mapping[str, Target] = {
    "cortex-m0plus": target_of("cortex-m0plus", "reference"),
    "cortex-m4f": target_of("cortex-m4f", "cmsis-nn"),
    "cortex-m55": target_of("cortex-m55", "cmsis-nn"),
}


@dataclass(frozen=True)
class _Arrangement:
    """The ways to order and plan a model, and the one taken."""

    order: Order | None
    variants: Sequence[Variant]
    taken: Variant


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
    flash binds are weights encoded, which raises the arena; only where RAM binds do
    layers run in patches, which computes some rows and columns twice.

    Args:
        model: a .tflite.
        targets: by core, what the arena is planned for; those that cannot run the model are left
            out. By default the three families of kernels on Cortex-M.
        ram_budget_bytes: an arena that is small enough: of the ways to write the model that keep to
            it, that with the smallest file is taken. A memory plan takes 4 bytes for each tensor.
        limits: a flash budget, and what there is room for of an arena.

    Raises:
        ModelError: the model cannot be read.
        UnsupportedModelError: TFLM cannot run it, or none of the targets can.
    """
    check_supported(read_model(model))
    running = that_run(model, targets)
    file = smaller(model)
    before, steps = sizes_of(model, running), []
    weights = pack_weights(file, running, limits)
    lighter = weights.model if weights else file
    steps.append(_file_step(before, sizes_of(file, running)))
    if weights:
        sizes = sizes_of(lighter, running)
        steps.append(Step("weights", weights.done, weights.what, sizes))
    arranged = _arranged(lighter, order_of(lighter, running), running, ram_budget_bytes)
    rooms = [each for each in (ram_budget_bytes, limits.arena_bytes) if each is not None]
    room = min(rooms, default=None)
    if room is not None and _arena(arranged.taken.sizes) > room:
        step, arranged = _in_patches(lighter, arranged, running, room, limits)
        steps.append(step)
    return Packed(arranged.taken.model, before, (*steps, *_steps(arranged)))


def _arranged(
    model: bytes, order: Order | None, running: Targets, budget: int | None
) -> _Arrangement:
    variants = variants_of(model, order, running)
    return _Arrangement(order, variants, chosen(variants, budget))


def _in_patches(
    model: bytes, whole: _Arrangement, running: Targets, room: int, limits: Limits
) -> tuple[Step, _Arrangement]:
    """Run layers in patches, if that makes the arena smaller and flash has the room."""

    def arena_of(written: bytes) -> int:
        return _arena(_arranged(smaller(written), None, running, room).taken.sizes)

    graph = read_model(without_plan(model))
    costs = costs_of(graph, [plan_for(graph, target) for target in running.values()])
    patched = patch_to_fit(model, costs, arena_of, room)
    if patched is not None:
        written = smaller(patched.model)
        fits = limits.flash_bytes is None or flash_bytes(written, running) <= limits.flash_bytes
        arranged = _arranged(written, None, running, room)
        if fits and _arena(arranged.taken.sizes) < _arena(whole.taken.sizes):
            return patches_step(
                patched, arranged.variants[0].sizes, whole.variants[0].sizes
            ), arranged
    return patches_step(None, whole.variants[0].sizes, whole.variants[0].sizes), whole


def _arena(sizes: Sizes) -> int:
    return max(sizes.arena_bytes.values())


def _file_step(before: Sizes, sizes: Sizes) -> Step:
    fewer = sizes.model_bytes < before.model_bytes
    why = (
        "without what no interpreter reads, equal constants once"
        if fewer
        else "nothing to leave out"
    )
    return Step("file", fewer, why, sizes)


def _steps(arranged: _Arrangement) -> Iterator[Step]:
    order, variants, taken = arranged.order, arranged.variants, arranged.taken
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
        return (
            "left as it is: patches run one after the other, or a tensor is written more than once"
        )
    if list(order.operators) != sorted(order.operators):
        return "another order has a lower peak, but gives no smaller arena"
    return "no order has a lower peak" if order.optimal else "no better one found"
