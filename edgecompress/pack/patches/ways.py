"""The ways to run a model in patches, and what each would take at other widths of its layers.

Which rows and columns a patch needs does not depend on how many channels there are. So ways that
are found once can be estimated for thousands of widths, with nothing written.
"""

from collections.abc import Sequence

from edgecompress.pack.patches.costs import Costs
from edgecompress.pack.patches.offers import offers, resized
from edgecompress.pack.patches.path import Path, paths
from edgecompress.pack.patches.stretches import Stretch, stretches
from edgecompress.tflite.graph import Graph, Subgraph


def ways_of(graph: Graph, costs: Costs, room_bytes: int) -> list[Path]:
    """Return the ways that may be worth it, estimated, those of the least work first.

    Args:
        graph: a model.
        costs: what its operators take as they are.
        room_bytes: what there is room for of an arena.
    """
    enough = room_bytes - costs.fixed_bytes
    found = [
        stretch
        for stretch in stretches(graph.main)
        if max(costs.live_bytes[stretch.start : stretch.stop])
        > max(_ends_bytes(graph.main, stretch), enough)
    ]
    return paths(list(offers(graph.main, found, costs)), costs)


def _ends_bytes(subgraph: Subgraph, stretch: Stretch) -> int:
    """Return the bytes of what a stretch reads and makes, which lie there whole in any case."""
    return sum(subgraph.tensors[t].size_bytes for t in (stretch.source, stretch.target))


def arena_in_patches(graph: Graph, costs: Costs, ways: Sequence[Path]) -> int:
    """Return the smallest arena, estimated, of a model that runs in one of some ways.

    Args:
        graph: the model that the ways were found for, with other numbers of channels.
        costs: of that graph.
        ways: one or more.
    """
    return costs.fixed_bytes + min(_head_bytes(graph.main, costs, way) for way in ways)


def _head_bytes(subgraph: Subgraph, costs: Costs, way: Path) -> int:
    now = [resized(subgraph, costs, offer) for offer in way.offers]
    inside = {n for offer in now for n in range(offer.stretch.start, offer.stretch.stop)}
    whole = [live for n, live in enumerate(costs.live_bytes) if n not in inside]
    peak = max([*whole, *(offer.peak_bytes for offer in now)])
    return peak + sum(offer.kept_bytes for offer in now)
