"""Tensors that may lie in one place: what RESHAPE reads, and what it writes.

TFLM's RESHAPE copies, but does nothing where a plan gives both the same address. Source: "in-place
reshape" in tensorflow/lite/micro/kernels/reshape.cc of TFLM 90b983c2b.
"""

from collections.abc import Iterator, Sequence

from edgecompress.memory.arena.head import HeadBuffer
from edgecompress.program.place import Request
from edgecompress.tflite.graph import Graph, Operator

IN_PLACE = "RESHAPE"


def joined(graph: Graph, buffers: Sequence[HeadBuffer]) -> tuple[list[Request], list[int]]:
    """Return what is to be placed, and for each buffer the number of the request it is part of.

    A tensor that ends with a RESHAPE lies where the output does.
    """
    place_of = {(b.subgraph, b.tensor): i for i, b in enumerate(buffers) if b.tensor is not None}
    part_of = list(range(len(buffers)))
    for s, operator in _reshapes(graph):
        read = place_of.get((s, operator.inputs[0]))
        written = place_of.get((s, operator.outputs[0]))
        if read is None or written is None or operator.inputs[0] in graph.subgraphs[s].outputs:
            continue
        one, other = buffers[read], buffers[written]
        if one.last == other.first and one.aligned_bytes == other.aligned_bytes:
            part_of[written] = part_of[read]
    numbers = {part: number for number, part in enumerate(dict.fromkeys(part_of))}
    parts: list[list[HeadBuffer]] = [[] for _ in numbers]
    for buffer, part in zip(buffers, part_of, strict=True):
        parts[numbers[part]].append(buffer)
    requests = [
        Request(part[0].aligned_bytes, min(b.first for b in part), max(b.last for b in part))
        for part in parts
    ]
    return requests, [numbers[part] for part in part_of]


def _reshapes(graph: Graph) -> Iterator[tuple[int, Operator]]:
    """Yield them as they run, so that each finds what the one before it has joined."""
    for s, subgraph in enumerate(graph.subgraphs):
        yield from ((s, operator) for operator in subgraph.operators if operator.op == IN_PLACE)
