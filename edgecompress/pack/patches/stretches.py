"""Which operators can run in patches together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from edgecompress.pack.patches.rules import Rules, rules_of
from edgecompress.tflite.graph import Operator, Subgraph


@dataclass(frozen=True)
class Stretch:
    """Operators `start` to `stop`: all they read is `source`, all that is read of them `target`."""

    start: int
    stop: int
    source: int
    target: int
    rules: tuple[Rules, ...]


@dataclass(frozen=True)
class Grid:
    """Strips of rows, and tiles of columns in each: no more than the output has of either."""

    strips: int
    tiles: int = 1


def operators_of(subgraph: Subgraph, stretch: Stretch) -> Sequence[Operator]:
    """Return the operators of a stretch."""
    return subgraph.operators[stretch.start : stretch.stop]


def stretches(subgraph: Subgraph) -> Iterator[Stretch]:
    """Yield the runs of two or more operators between which one image alone is handed on."""
    rules = [rules_of(subgraph, operator) for operator in subgraph.operators]
    handed = dict(_handed_on(subgraph))
    for start, source in handed.items():
        reach = takewhile(lambda each: each is not None, rules[start:])
        inside: list[Rules] = []
        for stop, rule in enumerate(reach, start + 1):
            inside.append(rule)  # type: ignore[arg-type] # takewhile leaves None out
            target = subgraph.operators[stop - 1].outputs[0]
            if handed.get(stop) == target and len(inside) > 1:
                yield Stretch(start, stop, source, target, tuple(inside))


def _handed_on(subgraph: Subgraph) -> Iterator[tuple[int, int]]:
    """Yield the operators before which one tensor alone lives, with it; and the end."""
    count = len(subgraph.operators)
    last = {tensor: n for n, op in enumerate(subgraph.operators) for tensor in op.inputs}
    last |= dict.fromkeys(subgraph.outputs, count)
    alive = set(subgraph.inputs)
    for number in range(count + 1):
        alive = {tensor for tensor in alive if last.get(tensor, -1) >= number}
        if len(alive) == 1:
            yield number, next(iter(alive))
        if number < count:
            alive.update(subgraph.operators[number].outputs)
