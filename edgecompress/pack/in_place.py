"""Tensors that may lie in others: TFLM copies nothing then, or copies values onto themselves.

RESHAPE does nothing where a plan gives both tensors the same address. Source: "in-place reshape"
in tensorflow/lite/micro/kernels/reshape.cc of TFLM 90b983c2b. SLICE of whole rows, and
CONCATENATION of them, copy each value with memcpy or by assignment from where it lies; where that
is where it goes, nothing changes. Sources: reference/slice.h, reference/concatenation.h there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from edgecompress.memory.arena.allocator import ALIGNMENT
from edgecompress.memory.arena.head import HeadBuffer, tensor_bytes
from edgecompress.program.placement.request import Request
from edgecompress.tflite.graph import Graph, Operator, Subgraph

IN_PLACE = "RESHAPE"


@dataclass(frozen=True)
class Inside:
    """A tensor that may lie in another one, so many bytes from its start; all of it if `whole`."""

    subgraph: int
    tensor: int
    around: int
    offset_bytes: int
    whole: bool = False


@dataclass(frozen=True)
class Joined:
    """What is to be placed; for each buffer the request it is part of, and its offset there."""

    requests: tuple[Request, ...]
    parts: tuple[tuple[int, int], ...]


def joinings(graph: Graph, buffers: Sequence[HeadBuffer]) -> Iterator[Joined]:
    """Yield the ways to let tensors share a place: reshaped ones, and parts of others as well."""
    reshaped = list(_reshaped(graph))
    yield _joined(graph, buffers, reshaped)
    parts = [*_put_together(graph), *_cut_out(graph)]
    if parts:
        yield _joined(graph, buffers, [*parts, *reshaped])


def _joined(graph: Graph, buffers: Sequence[HeadBuffer], wanted: Sequence[Inside]) -> Joined:
    place_of = {(b.subgraph, b.tensor): i for i, b in enumerate(buffers) if b.tensor is not None}
    around: dict[int, tuple[int, int]] = {}

    def root(buffer: int) -> tuple[int, int]:
        offset = 0
        while buffer in around:
            buffer, more = around[buffer]
            offset += more
        return buffer, offset

    for each in wanted:
        inner = place_of.get((each.subgraph, each.tensor))
        outer = place_of.get((each.subgraph, each.around))
        if inner is None or outer is None or inner in around or root(outer)[0] == inner:
            continue
        if _may_share(graph, buffers[inner], buffers[outer], each):
            around[inner] = outer, each.offset_bytes
    roots = [root(buffer) for buffer in range(len(buffers))]
    numbers = {number: i for i, number in enumerate(dict.fromkeys(number for number, _ in roots))}
    members: list[list[HeadBuffer]] = [[] for _ in numbers]
    for buffer, (number, _) in zip(buffers, roots, strict=True):
        members[numbers[number]].append(buffer)
    requests = tuple(
        Request(buffers[number].aligned_bytes, min(b.first for b in of), max(b.last for b in of))
        for number, of in zip(numbers, members, strict=True)
    )
    return Joined(requests, tuple((numbers[number], offset) for number, offset in roots))


def _may_share(graph: Graph, inner: HeadBuffer, outer: HeadBuffer, each: Inside) -> bool:
    """Say whether a tensor ends with, or begins after, what it lies in; and is aligned there."""
    if each.offset_bytes % ALIGNMENT:
        return False
    outputs = graph.subgraphs[inner.subgraph].outputs
    if each.whole:
        same_size = inner.aligned_bytes == outer.aligned_bytes
        return same_size and outer.last == inner.first and outer.tensor not in outputs
    if inner.last == outer.first:  # an input that ends where it becomes part of the output
        return inner.tensor not in outputs
    return outer.first < inner.first <= outer.last  # a part of an input


def _operators(graph: Graph, op: str) -> Iterator[tuple[int, Subgraph, Operator]]:
    for s, subgraph in enumerate(graph.subgraphs):
        yield from ((s, subgraph, operator) for operator in subgraph.operators if operator.op == op)


def _reshaped(graph: Graph) -> Iterator[Inside]:
    """Yield outputs of RESHAPE in their inputs, as they run: each finds what is joined before."""
    for s, _, operator in _operators(graph, IN_PLACE):
        yield Inside(s, operator.outputs[0], operator.inputs[0], 0, whole=True)


def _put_together(graph: Graph) -> Iterator[Inside]:
    """Yield inputs of CONCATENATION in the output, where that is one after the other."""
    for s, subgraph, operator in _operators(graph, "CONCATENATION"):
        output = subgraph.tensors[operator.outputs[0]]
        axis = operator.options["axis"] % len(output.shape)
        if prod(output.shape[:axis]) == 1 and len(set(operator.inputs)) == len(operator.inputs):
            offset = 0
            for tensor in operator.inputs:
                yield Inside(s, tensor, output.index, offset)
                offset += tensor_bytes(subgraph.tensors[tensor])


def _cut_out(graph: Graph) -> Iterator[Inside]:
    """Yield outputs of SLICE in the input, where they lie in one piece there."""
    for s, subgraph, operator in _operators(graph, "SLICE"):
        source, begin = (subgraph.tensors[index] for index in operator.inputs[:2])
        piece = subgraph.tensors[operator.outputs[0]]
        if begin.data is None or not source.shape:
            continue
        cut = [axis for axis, size in enumerate(source.shape) if piece.shape[axis] != size]
        axis = cut[0] if cut else 0
        if len(cut) <= 1 and prod(source.shape[:axis]) == 1:
            first = int(np.frombuffer(begin.data, begin.type.lower())[axis])
            row = tensor_bytes(source) // source.shape[axis]
            yield Inside(s, piece.index, source.index, first * row)
