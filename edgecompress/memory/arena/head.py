"""The head of the arena: which tensors and scratch buffers lie where, and when."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from edgecompress.errors import ModelError, UnsupportedModelError
from edgecompress.memory.arena.allocations import ScratchRequest
from edgecompress.memory.arena.allocator import align_up
from edgecompress.memory.arena.lifetimes import Lifetime, lifetimes
from edgecompress.memory.arena.planner import ONLINE, Requirement, plan
from edgecompress.memory.arena.variables import handle_tensors
from edgecompress.program.placement.request import size_of
from edgecompress.tflite.graph import Graph, Tensor

OFFLINE_PLAN = "OfflineMemoryAllocation"  # name of the metadata

# Bytes of one element in memory: INT4 is not packed there.
# Source: TfLiteTypeSizeOf in tensorflow/lite/micro/memory_helpers.cc.
_TYPE_BYTES = {
    "FLOAT16": 2, "BFLOAT16": 2, "FLOAT32": 4, "FLOAT64": 8, "INT16": 2, "INT32": 4, "UINT32": 4,
    "UINT8": 1, "UINT16": 2, "INT8": 1, "INT64": 8, "UINT64": 8, "BOOL": 1, "RESOURCE": 4,
    "COMPLEX64": 8, "COMPLEX128": 16, "INT4": 1,
}  # fmt: skip


@dataclass(frozen=True)
class HeadBuffer:
    """A buffer in the head. Scopes count operators: 0 is before the first, n while n-1 runs."""

    name: str
    subgraph: int
    tensor: int | None  # None for a scratch buffer
    operator: int | None  # the operator a scratch buffer belongs to
    size_bytes: int  # as asked for
    aligned_bytes: int
    first: int
    last: int
    offset_bytes: int


def tensor_bytes(tensor: Tensor) -> int:
    """Return the bytes a tensor takes in memory.

    Raises:
        UnsupportedModelError: TFLM has no such type.
    """
    if tensor.type not in _TYPE_BYTES:
        raise UnsupportedModelError(
            f"tensor {tensor.index} ({tensor.name}) is of type {tensor.type}, "
            "which TFLM does not have"
        )
    return tensor.elements * _TYPE_BYTES[tensor.type]


def tensor_sizes(graph: Graph) -> list[list[int]]:
    """Return `tensor_bytes` of all tensors, by subgraph and index."""
    return [[tensor_bytes(tensor) for tensor in s.tensors] for s in graph.subgraphs]


def offline_offsets(graph: Graph) -> Sequence[int] | None:
    """Return the offsets that the model's metadata fixes for all its tensors, if it does.

    Raises:
        ModelError: the plan is not of as many tensors as the model.
    """
    content = graph.metadata.get(OFFLINE_PLAN)
    if content is None:
        return None
    tensors = sum(len(subgraph.tensors) for subgraph in graph.subgraphs)
    words = struct.unpack(f"<{len(content) // 4}i", content[: len(content) // 4 * 4])
    # Version, subgraph, number of tensors, then one offset for each tensor.
    if len(words) < 3 + tensors or words[2] != tensors:
        raise ModelError(
            f"the {OFFLINE_PLAN} metadata is a plan of another model: it does not hold "
            f"{tensors} offsets. Remove it or plan again"
        )
    return words[3 : 3 + tensors]


def plan_head(
    graph: Graph,
    sizes: Sequence[Sequence[int]],
    scratch: Sequence[ScratchRequest],
    offline: Sequence[int] | None,
) -> tuple[tuple[HeadBuffer, ...], int]:
    """Return the planned buffers, in TFLM's order, and the size of the head in bytes."""
    marks = lifetimes(graph)
    buffers = list(_tensors(graph, sizes, marks.tensors, offline))
    for request in scratch:
        life = marks.scratch.get((request.subgraph, request.operator), Lifetime())
        op = graph.subgraphs[request.subgraph].operators[request.operator].op
        name = f"scratch of {op} {request.operator}"
        place = (name, request.subgraph, None, request.operator)
        buffers.append(_buffer(place, request.size_bytes, life, ONLINE))
    requirements = [
        Requirement(b.aligned_bytes, b.first, b.last, offline_offset=b.offset_bytes)
        for b in buffers
    ]
    offsets = plan(requirements)
    placed = tuple(
        HeadBuffer(**{**vars(buffer), "offset_bytes": offset})
        for buffer, offset in zip(buffers, offsets, strict=True)
    )
    return placed, size_of(requirements, offsets)


def _tensors(
    graph: Graph,
    sizes: Sequence[Sequence[int]],
    lives: Sequence[Sequence[Lifetime]],
    offline: Sequence[int] | None,
) -> list[HeadBuffer]:
    handles = handle_tensors(graph)
    found, number = [], -1
    for s, subgraph in enumerate(graph.subgraphs):
        for tensor in subgraph.tensors:
            number += 1
            offset = ONLINE if offline is None else offline[number]
            size = sizes[s][tensor.index]
            in_arena = tensor.data is None and size != 0 and (s, tensor.index) not in handles
            if offset != ONLINE if tensor.is_variable else in_arena:
                place = (tensor.name, s, tensor.index, None)
                found.append(_buffer(place, size, lives[s][tensor.index], offset))
    return found


def _buffer(
    place: tuple[str, int, int | None, int | None], size: int, life: Lifetime, offset: int
) -> HeadBuffer:
    return HeadBuffer(*place, size, align_up(size), life.first, life.last, offset)
