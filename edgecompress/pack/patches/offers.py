"""What stretches would take in patches of a grid: estimated, so that few need be written down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from edgecompress.pack.patches.costs import Costs
from edgecompress.pack.patches.peak import peak_bytes
from edgecompress.pack.patches.rules import whole_of
from edgecompress.pack.patches.sizes import Divisions, Sizes, divisions
from edgecompress.pack.patches.stretches import Grid, Stretch, operators_of
from edgecompress.tflite.graph import Subgraph
from edgecompress.tflite.macs import operator_macs

_MOST_PATCHES = 24


@dataclass(frozen=True)
class Offer:
    """A stretch in patches: peak while they run, what more is kept, multiply-accumulates more.

    `strips` and `tiles` are how large these are, which does not depend on channels.
    """

    stretch: Stretch
    grid: Grid
    peak_bytes: int
    kept_bytes: int
    macs: int
    strips: Sequence[Sizes] = field(compare=False, repr=False)
    tiles: Sequence[Sizes] = field(compare=False, repr=False)


def offers(subgraph: Subgraph, found: Sequence[Stretch], costs: Costs) -> Iterator[Offer]:
    """Yield the grids of each stretch of which none is worse than another in everything.

    None that doubles the work of the model, and none without a lower peak than the stretch has.
    """
    most = sum(operator_macs(subgraph, operator) for operator in subgraph.operators)
    for stretch, rows, columns in divisions(subgraph, found):
        present = max(costs.live_bytes[stretch.start : stretch.stop])
        made = [
            offer
            for offer in _of_stretch(subgraph, stretch, costs, rows, columns)
            if offer.macs < most and offer.peak_bytes < present
        ]
        yield from (one for one in made if not any(_is_worse(one, other) for other in made))


def _is_worse(one: Offer, other: Offer) -> bool:
    ours = (one.peak_bytes, one.kept_bytes, one.macs)
    theirs = (other.peak_bytes, other.kept_bytes, other.macs)
    return ours != theirs and all(a >= b for a, b in zip(ours, theirs, strict=True))


def _of_stretch(
    subgraph: Subgraph, stretch: Stretch, costs: Costs, rows: Divisions, columns: Divisions
) -> Iterator[Offer]:
    for strips in rows.values():
        for tiles in columns.values():
            if 1 < len(strips) * len(tiles) <= _MOST_PATCHES:
                yield _offer(subgraph, stretch, costs, strips, tiles)


def _offer(
    subgraph: Subgraph,
    stretch: Stretch,
    costs: Costs,
    strips: Sequence[Sizes],
    tiles: Sequence[Sizes],
) -> Offer:
    count = len(strips) * len(tiles)
    joins = 1 + (len(strips) if len(tiles) > 1 < len(strips) else 0)
    copies = sum(len(strip.cuts | tile.cuts) for strip in strips for tile in tiles)
    repeated = sum(costs.kept_bytes[stretch.start : stretch.stop]) * (count - 1)
    return Offer(
        stretch=stretch,
        grid=Grid(len(strips), len(tiles)),
        peak_bytes=peak_bytes(subgraph, stretch, costs, strips, tiles),
        kept_bytes=repeated + (copies + count + joins) * costs.copy_bytes,
        macs=_macs(subgraph, stretch, strips, tiles),
        strips=strips,
        tiles=tiles,
    )


def resized(subgraph: Subgraph, costs: Costs, offer: Offer) -> Offer:
    """Return an offer for the same operators with other numbers of channels."""
    return _offer(subgraph, offer.stretch, costs, offer.strips, offer.tiles)


def _macs(
    subgraph: Subgraph, stretch: Stretch, strips: Sequence[Sizes], tiles: Sequence[Sizes]
) -> int:
    """Return how many more there are than without patches."""
    more = 0
    for place, operator in enumerate(operators_of(subgraph, stretch)):
        rows, columns = whole_of(subgraph.tensors[operator.outputs[0]])
        area = rows.size * columns.size
        made = sum(strip.made[place] for strip in strips) * sum(tile.made[place] for tile in tiles)
        more += operator_macs(subgraph, operator) // area * (made - area)
    return more
