"""The bytes in use while a stretch runs in patches, estimated."""

from collections.abc import Sequence

from edgecompress.memory.arena.allocator import align_up
from edgecompress.pack.patches.costs import Costs
from edgecompress.pack.patches.rules import AXES
from edgecompress.pack.patches.sizes import Sizes
from edgecompress.pack.patches.stretches import Stretch, operators_of
from edgecompress.tflite.graph import Subgraph


def peak_bytes(
    subgraph: Subgraph,
    stretch: Stretch,
    costs: Costs,
    strips: Sequence[Sizes],
    tiles: Sequence[Sizes],
) -> int:
    """Return the bytes in use when the largest patch runs as the last but one, or at the join."""
    count = len(strips) * len(tiles)
    source, target = (
        align_up(subgraph.tensors[tensor].size_bytes) for tensor in (stretch.source, stretch.target)
    )
    largest = [max(sizes, key=lambda each: each.source) for sizes in (strips, tiles)]
    pieces = target * (count - 2) // count
    inside = _inside(subgraph, stretch, costs, *largest)
    copied = max(source + pieces + inside, 2 * target)
    if len(tiles) > 1:
        return copied
    # Whole rows may lie in what they are cut from, and in what they are put into.
    cuts = _bytes(subgraph, stretch.source, largest[0].source * largest[1].source)
    return min(copied, source + target + inside - cuts)


def _inside(
    subgraph: Subgraph,
    stretch: Stretch,
    costs: Costs,
    rows: Sizes,
    columns: Sizes,
) -> int:
    """Return the most bytes in use by a patch itself."""
    operators = operators_of(subgraph, stretch)
    last = {tensor: place for place, op in enumerate(operators) for tensor in op.inputs}
    alive = {stretch.source: _bytes(subgraph, stretch.source, rows.source * columns.source)}
    peak = alive[stretch.source]
    for place, operator in enumerate(operators):
        if place in rows.cuts or place in columns.cuts:
            area = rows.read[place] * columns.read[place]
            for tensor in {t for t in operator.inputs if t in alive}:
                cut = _bytes(subgraph, tensor, area)
                peak = max(peak, sum(alive.values()) + (0 if costs.over_inputs else cut))
                alive[tensor] = cut if last[tensor] == place else alive[tensor]
        area = rows.made[place] * columns.made[place]
        alive[operator.outputs[0]] = _bytes(subgraph, operator.outputs[0], area)
        shared = 0
        if costs.over_inputs:
            ending = [alive[t] for t in operator.inputs if t in alive and last[t] == place]
            shared = min(alive[operator.outputs[0]], max(ending, default=0))
        scratch = costs.scratch_bytes[stretch.start + place]
        peak = max(peak, sum(alive.values()) + scratch - shared)
        alive = {t: size for t, size in alive.items() if last.get(t, len(operators)) > place}
    return peak


def _bytes(subgraph: Subgraph, tensor: int, area: int) -> int:
    """Return the bytes of a part of an image, by its rows times its columns."""
    whole = subgraph.tensors[tensor]
    return align_up(whole.size_bytes // (whole.shape[AXES[0]] * whole.shape[AXES[1]]) * area)
