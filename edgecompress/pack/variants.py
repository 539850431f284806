"""The ways to write a model that answers the same, and what each takes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edgecompress.errors import UnsupportedModelError
from edgecompress.memory.arena.plan import Arena, plan_for
from edgecompress.memory.arena.target import Target
from edgecompress.pack.order import Order, best_order
from edgecompress.pack.plans import best_plan
from edgecompress.pack.rewrite import smaller, with_order, with_plan, without_plan
from edgecompress.pack.tasks import tasks_of
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.macs import graph_macs
from edgecompress.tflite.reader import read_model

Targets = Mapping[str, Target]  # by core


@dataclass(frozen=True)
class Sizes:
    """What a model takes: its file, the smallest arena that works, by core, and its work."""

    model_bytes: int
    arena_bytes: Mapping[str, int]
    macs: int


@dataclass(frozen=True)
class Variant:
    """A way to write a model. `changes` says what was done, by the names of steps."""

    model: bytes
    sizes: Sizes
    changes: Mapping[str, str]


def sizes_of(model: bytes, targets: Targets) -> Sizes:
    """Return what a .tflite takes."""
    graph = read_model(model)
    arenas = {core: plan_for(graph, target).min_bytes for core, target in targets.items()}
    return Sizes(len(model), arenas, graph_macs(graph))


def that_run(model: bytes, targets: Targets) -> Targets:
    """Return the targets that can run a model.

    Raises:
        UnsupportedModelError: there are none.
    """
    graph = read_model(model)
    refusals = {core: _refusal(graph, target) for core, target in targets.items()}
    found = {core: target for core, target in targets.items() if refusals[core] is None}
    if not found:
        raise UnsupportedModelError("; ".join(dict.fromkeys(map(str, refusals.values()))))
    return found


def _refusal(graph: Graph, target: Target) -> UnsupportedModelError | None:
    try:
        plan_for(graph, target)
    except UnsupportedModelError as error:
        return error
    return None


def variants_of(model: bytes, order: Order | None, targets: Targets) -> Sequence[Variant]:
    """Return the model as it is first; then reordered, without its plan, and with new plans."""
    plain = Variant(model, sizes_of(model, targets), {})
    found = [plain]
    if order is not None and list(order.operators) != sorted(order.operators):
        found.append(_reordered(model, order, targets))
    bare = without_plan(model)
    if bare != model:
        found.append(Variant(bare, sizes_of(bare, targets), {"plan": "that of the file left out"}))
    return [*found, *(each for one in found for each in _planned(one, targets))]


def chosen(variants: Sequence[Variant], ram_budget_bytes: int | None) -> Variant:
    """Return the variant with the least arena, or the smallest file that keeps to a budget.

    None is taken whose arena is larger on any core than that of the first variant.
    """
    first = _arenas(variants[0])
    allowed = [
        each
        for each in variants
        if all(new <= old for new, old in zip(_arenas(each), first, strict=True))
    ]
    small = [each for each in allowed if max(_arenas(each)) <= (ram_budget_bytes or 0)]
    if small:
        return min(small, key=lambda each: (each.sizes.model_bytes, "order" in each.changes))
    return min(
        allowed,
        key=lambda each: (sum(_arenas(each)), "order" in each.changes, each.sizes.model_bytes),
    )


def order_of(model: bytes, targets: Targets) -> Order | None:
    """Return the order with the lowest peak, where each kernel takes as much as on any core.

    None if the operators cannot be told apart by what they write.
    """
    graph = read_model(without_plan(model))
    arenas = [plan_for(graph, target) for target in targets.values()]
    sizes = {
        buffer.tensor: buffer.aligned_bytes
        for buffer in arenas[0].buffers
        if buffer.subgraph == 0 and buffer.tensor is not None
    }
    tasks = tasks_of(graph.main, sizes, _scratch_bytes(graph, arenas))
    return None if tasks is None else best_order(tasks)


def _scratch_bytes(graph: Graph, arenas: Sequence[Arena]) -> Sequence[int]:
    most = [0] * len(graph.main.operators)
    for arena in arenas:
        asked = [0] * len(most)
        for buffer in arena.buffers:
            if buffer.subgraph == 0 and buffer.operator is not None:
                asked[buffer.operator] += buffer.aligned_bytes
        most = list(map(max, most, asked))
    return most


def _reordered(model: bytes, order: Order, targets: Targets) -> Variant:
    written = smaller(with_order(model, order.operators))
    moved = sum(number != place for place, number in enumerate(order.operators))
    how = "no order has a lower peak" if order.optimal else "the best order found"
    what = f"{moved} of {len(order.operators)} operators moved; {how}"
    return Variant(written, sizes_of(written, targets), {"order": what})


def _planned(variant: Variant, targets: Targets) -> Sequence[Variant]:
    """Return the variant with a memory plan, if that lowers the arena."""
    bare = without_plan(variant.model)
    graph = read_model(bare)
    plan = best_plan(graph, [plan_for(graph, target) for target in targets.values()])
    if plan is None or not _is_less(plan.arena_bytes, _arenas(variant)):
        return ()
    written = with_plan(bare, plan.offsets)
    least = "none gives a smaller arena" if plan.optimal else "the best found"
    what = f"an offline plan in the metadata; {least}"
    changes = {**variant.changes, "plan": what}
    return (Variant(written, sizes_of(written, targets), changes),)


def _arenas(variant: Variant) -> Collection[int]:
    return variant.sizes.arena_bytes.values()


def _is_less(ones: Collection[int], others: Collection[int]) -> bool:
    """Say whether one arena is smaller, and none larger."""
    pairs = list(zip(ones, others, strict=True))
    return all(one <= other for one, other in pairs) and any(one < other for one, other in pairs)
