"""Operators repeated for each patch of their output: new tensors and operators, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from edgecompress.pack.patches.growing import Growing, NewOperator, NewTensor
from edgecompress.pack.patches.look import even, looks
from edgecompress.pack.patches.rules import AXES, whole_of
from edgecompress.pack.patches.stretches import Grid, Stretch, operators_of
from edgecompress.tflite.graph import Subgraph

# Source: kMaxInputNum in tensorflow/lite/micro/kernels/concatenation.cc of TFLM 90b983c2b.
MOST_JOINED = 10


@dataclass(frozen=True)
class Recipe:
    """What stands in place of the operators `start` to `stop` of a subgraph.

    New tensors are numbered on from those of the subgraph; some of these get new shapes.
    """

    start: int
    stop: int
    resized: Mapping[int, tuple[int, ...]]
    tensors: tuple[NewTensor, ...]
    operators: tuple[NewOperator, ...]


def recipe_of(subgraph: Subgraph, stretch: Stretch, grid: Grid) -> Recipe:
    """Return a stretch in patches: SLICE of the input, the operators, CONCATENATION of outputs.

    What is wrong in a patch, or is not looked at any more, is cut off by SLICE at once: so the next
    operators have less to do.
    """
    operators = operators_of(subgraph, stretch)
    inner = frozenset(operator.outputs[0] for operator in operators) - {stretch.target}
    growing = Growing(subgraph, inner)
    whole = whole_of(subgraph.tensors[stretch.source])
    strips = looks(subgraph, stretch, 0, grid.strips)
    tiles = looks(subgraph, stretch, 1, grid.tiles)
    pieces = []
    for rows, columns in product(strips, tiles):
        part = rows.of[stretch.source].there, columns.of[stretch.source].there
        made = {stretch.source: (growing.cut(stretch.source, stretch.source, whole, part), part)}
        for operator, rules, *read in zip(
            operators, stretch.rules, rows.reads, columns.reads, strict=True
        ):
            part = read[0].there, read[1].there
            made[operator.outputs[0]] = growing.repeat(operator, rules, part, made)
        patch = rows.of[stretch.target].there, columns.of[stretch.target].there
        pieces.append(growing.cut(stretch.target, *made[stretch.target], patch))
    _join(growing, stretch.target, pieces, grid)
    return Recipe(
        stretch.start, stretch.stop, growing.resized, tuple(growing.tensors),
        tuple(growing.operators),
    )  # fmt: skip


def _together(growing: Growing, pieces: list[int], output: int, axis: int) -> None:
    """Concatenate images; more than an operator takes by way of others."""
    while len(pieces) > MOST_JOINED:
        groups = [pieces[i : i + MOST_JOINED] for i in range(0, len(pieces), MOST_JOINED)]
        pieces = [growing.joined(group, axis) for group in groups]
    growing.concatenate(pieces, output, axis)


def _join(growing: Growing, target: int, pieces: list[int], grid: Grid) -> None:
    """Put the patches' outputs together: the tiles of each strip, then the strips."""
    if grid.tiles == 1:
        _together(growing, pieces, target, AXES[0])
        return
    rows, columns = whole_of(growing.subgraph.tensors[target])
    strips = [target]
    if grid.strips > 1:
        strips = [growing.image(target, (span, columns)) for span in even(rows.size, grid.strips)]
    for number, strip in enumerate(strips):
        tiles = pieces[number * grid.tiles : (number + 1) * grid.tiles]
        growing.concatenate(tiles, strip, AXES[1])
    if grid.strips > 1:
        _together(growing, strips, target, AXES[0])
