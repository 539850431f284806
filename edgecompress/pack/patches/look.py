"""What a patch of the output looks at along one axis, layer by layer back to the source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from edgecompress.pack.patches.halo import Span, Wanted
from edgecompress.pack.patches.rules import whole_of
from edgecompress.pack.patches.stretches import Stretch, operators_of
from edgecompress.tflite.graph import Subgraph


@dataclass(frozen=True)
class Look:
    """What is wanted of each tensor, and what each operator of a stretch reads."""

    of: Mapping[int, Wanted]
    reads: tuple[Wanted, ...]


def looks(subgraph: Subgraph, stretch: Stretch, axis: int, count: int) -> Sequence[Look]:
    """Return what each of `count` even parts of the output looks at, by rows (0) or columns (1)."""
    size = whole_of(subgraph.tensors[stretch.target])[axis].size
    return [_look(subgraph, stretch, axis, span) for span in even(size, count)]


def even(size: int, count: int) -> list[Span]:
    """Return a size in parts that differ by one at most."""
    edges = [size * number // count for number in range(count + 1)]
    return [Span(first, end) for first, end in pairwise(edges)]


def _look(subgraph: Subgraph, stretch: Stretch, axis: int, span: Span) -> Look:
    of = {stretch.target: Wanted(span, span)}
    reads = []
    steps = zip(operators_of(subgraph, stretch), stretch.rules, strict=True)
    for operator, rules in reversed(list(steps)):
        read = rules[axis].reads(of[operator.outputs[0]])
        reads.append(read)
        for tensor in operator.inputs:
            if tensor >= 0 and subgraph.tensors[tensor].data is None:
                of[tensor] = of[tensor].hull(read) if tensor in of else read
    return Look(of, tuple(reversed(reads)))
