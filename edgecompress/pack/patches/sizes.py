"""How large what a patch reads and makes is, along one axis, layer by layer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgecompress.pack.patches.look import Look, looks
from edgecompress.pack.patches.rules import whole_of
from edgecompress.pack.patches.stretches import Stretch, operators_of
from edgecompress.tflite.graph import Subgraph

_STRIPS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24)
_TILES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Sizes:
    """One strip or tile: what it takes of the source; by operator what is read, made and cut."""

    source: int
    read: tuple[int, ...]
    made: tuple[int, ...]
    cuts: frozenset[int]


Divisions = Mapping[int, Sequence[Sizes]]  # by the number of strips, or of tiles


def divisions(
    subgraph: Subgraph, found: Sequence[Stretch]
) -> Iterator[tuple[Stretch, Divisions, Divisions]]:
    """Yield each stretch with the sizes of its strips and of its tiles, however many there are.

    What stops at the same operator looks back in the same way.
    """
    longest: dict[int, Stretch] = {}
    for stretch in found:
        longest.setdefault(stretch.stop, stretch)
    known = {
        (stop, axis): _looks(subgraph, stretch, axis)
        for stop, stretch in longest.items()
        for axis in (0, 1)
    }
    for stretch in found:
        rows, columns = (
            {
                count: [_sizes(subgraph, stretch, axis, look) for look in divided]
                for count, divided in known[stretch.stop, axis].items()
            }
            for axis in (0, 1)
        )
        yield stretch, rows, columns


def _looks(subgraph: Subgraph, stretch: Stretch, axis: int) -> Mapping[int, Sequence[Look]]:
    size = whole_of(subgraph.tensors[stretch.target])[axis].size
    counts = (_STRIPS, _TILES)[axis]
    return {n: looks(subgraph, stretch, axis, n) for n in counts if n <= size}


def _sizes(subgraph: Subgraph, stretch: Stretch, axis: int, look: Look) -> Sizes:
    """Return sizes of a stretch from a look through it, or through one that starts earlier."""
    operators = operators_of(subgraph, stretch)
    reads = [read.there for read in look.reads[len(look.reads) - len(operators) :]]
    place = {stretch.source: look.of[stretch.source].there}
    made, cuts = [], set()
    for number, (operator, rules, read) in enumerate(
        zip(operators, stretch.rules, reads, strict=True)
    ):
        if any(place[t] != read for t in operator.inputs if t in place):
            cuts.add(number)
        place[operator.outputs[0]] = rules[axis].makes(read) or read
        made.append(place[operator.outputs[0]].size)
    if place[stretch.target] != look.of[stretch.target].there:
        cuts.add(len(operators))
    sizes = tuple(read.size for read in reads)
    return Sizes(place[stretch.source].size, sizes, tuple(made), frozenset(cuts))
