"""The first layers strip by strip: less memory at their peak, some rows computed twice.

After Lin et al., "MCUNetV2: Memory-Efficient Patch-based Inference for Tiny Deep Learning", 2021.
Strips are whole rows: one image's rows lie together, so a strip is a part of its image.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product, takewhile
from math import prod

from edgecompress.pack.strips import Rows, Rule, Window, needed_rows, rows_through, rule_of
from edgecompress.tflite.graph import Operator, Subgraph

_STRIPS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 24)
_MOST_STRIDE = 16  # of all layers together: how far the start of a strip is moved to fit


@dataclass(frozen=True)
class Strip:
    """Rows of the source that are read, what becomes of them, and the rows that are made."""

    rows: tuple[tuple[int, Rows], ...]  # by tensor, the source first
    first: int
    end: int


@dataclass(frozen=True)
class Patches:
    """Operators `start` to `stop` of the main subgraph, run strip by strip.

    All that they read is tensor `source` and constants; all that is read of them is `target`.
    """

    start: int
    stop: int
    source: int
    target: int
    strips: tuple[Strip, ...]


def ways(subgraph: Subgraph) -> Iterator[Patches]:
    """Yield the ways to run some operators in strips: each stretch and number of strips."""
    for start in _starts(subgraph):
        source = subgraph.operators[start].inputs[0]
        rules = list(takewhile(lambda each: each[1] is not None, _rules(subgraph, start)))
        for length in range(2, len(rules) + 1):
            if not _is_closed(subgraph, start, start + length, source):
                continue
            for count in _STRIPS:
                strips = _strips(subgraph, rules[:length], source, count)  # type: ignore[arg-type]
                if strips:
                    target = rules[length - 1][0].outputs[0]
                    yield Patches(start, start + length, source, target, strips)


def _rules(subgraph: Subgraph, start: int) -> Iterator[tuple[Operator, Rule | None]]:
    for operator in subgraph.operators[start:]:
        yield operator, rule_of(subgraph, operator)


def _starts(subgraph: Subgraph) -> Iterator[int]:
    """Yield the operators before which one tensor alone lives."""
    last = {t: n for n, operator in enumerate(subgraph.operators) for t in operator.inputs}
    made = set(subgraph.inputs)
    for number, operator in enumerate(subgraph.operators):
        alive = [t for t in made if last.get(t, -1) >= number or t in subgraph.outputs]
        if len(alive) == 1 and operator.inputs[0] == alive[0]:
            yield number
        made.update(operator.outputs)


def _is_closed(subgraph: Subgraph, start: int, stop: int, source: int) -> bool:
    """Say whether only the last of some operators is read by later ones, and they read no other."""
    inside = subgraph.operators[start:stop]
    made = {tensor for operator in inside for tensor in operator.outputs}
    read = {tensor for operator in inside for tensor in operator.inputs}
    outer = {t for t in read - made if t >= 0 and subgraph.tensors[t].data is None}
    later = {t for operator in subgraph.operators[stop:] for t in operator.inputs}
    left = made & (later | set(subgraph.outputs))
    return outer == {source} and left == set(inside[-1].outputs) and len(left) == 1


def _strips(
    subgraph: Subgraph, rules: Sequence[tuple[Operator, Rule]], source: int, count: int
) -> tuple[Strip, ...]:
    """Return strips of about equal height; none if one cannot be made."""
    height = subgraph.tensors[rules[-1][0].outputs[0]].shape[1]
    if count > height:
        return ()
    edges = [round(height * number / count) for number in range(count + 1)]
    found = []
    for first, end in pairwise(edges):
        strip = _strip(subgraph, rules, source, first, end)
        if strip is None:
            return ()
        found.append(strip)
    return tuple(found)


def _strip(
    subgraph: Subgraph, rules: Sequence[tuple[Operator, Rule]], source: int, first: int, end: int
) -> Strip | None:
    """Return the strip of fewest rows that makes some rows of the last operator right."""
    low, high = needed_rows(rules, source, first, end)
    height = subgraph.tensors[source].shape[1]
    most = prod(rule.stride for _, rule in rules if isinstance(rule, Window))
    more = range(min(most, _MOST_STRIDE))
    for above, below in sorted(product(more, more), key=sum):
        start, stop = max(0, low - above), min(height, high + below)
        rows = rows_through(rules, source, Rows(start, stop, start, stop))
        if rows is not None and rows[rules[-1][0].outputs[0]].holds(first, end):
            return Strip(tuple(rows.items()), first, end)
    return None
