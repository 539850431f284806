"""The tensor arena: what TFLM at the pinned commit needs for a model, to the byte.

The head holds activations and scratch buffers, planned by lifetime; the tail holds what lives as
long as the interpreter. Planning itself needs room between them before the head is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgecompress.memory.arena import structs
from edgecompress.memory.arena.allocations import (
    Ledger,
    OperatorMemory,
    Section,
    create_interpreter,
    create_resource_variables,
    prepare_operators,
    start_model,
    take_interface,
    take_variables,
)
from edgecompress.memory.arena.allocator import align_up
from edgecompress.memory.arena.head import HeadBuffer, offline_offsets, plan_head, tensor_sizes
from edgecompress.memory.arena.kernels import esp_nn
from edgecompress.memory.arena.target import Target, target_of
from edgecompress.tflite.graph import Graph

Basis = Literal["exact", "estimated"]


@dataclass(frozen=True)
class Arena:
    """The arena of a model on a core with a kernel library; all sizes in bytes."""

    min_bytes: int  # smallest buffer (16-byte aligned) AllocateTensors and Invoke accept
    used_bytes: int  # arena_used_bytes() afterwards
    head_bytes: int
    tail_bytes: int
    planning_bytes: int  # what AllocateTensors needs until it has a plan, however small the head
    basis: Basis
    why_estimated: tuple[str, ...]  # empty if exact
    sections: Mapping[str, Section]  # as RecordingMicroAllocator counts them
    buffers: tuple[HeadBuffer, ...]
    operators: tuple[OperatorMemory, ...]
    target: Target


def plan_arena(graph: Graph, core: str, kernels: str) -> Arena:
    """Return the arena that a model needs on a core ("cortex-m4f") with a kernel library.

    Raises:
        UsageError: the core or the library is unknown.
        UnsupportedModelError: TFLM lacks an operator or a type.
        ModelError: an operator lacks a tensor, or an offline plan is of another model.
    """
    return plan_for(graph, target_of(core, kernels))


def plan_for(graph: Graph, target: Target, *, recording: bool = False) -> Arena:
    """Return the arena for a target; `recording` if TFLM's RecordingMicroAllocator is used."""
    ledger = Ledger()
    create_interpreter(ledger, target, recording=recording)
    create_resource_variables(ledger, graph, target)
    start_model(ledger, graph, target)
    operators, scratch = prepare_operators(ledger, graph, target)
    offline, sizes = offline_offsets(graph), tensor_sizes(graph)
    _take_planning_room(ledger, graph, target, len(scratch))
    take_variables(ledger, graph, offline, sizes)
    buffers, head_bytes = plan_head(graph, sizes, scratch, offline)
    ledger.arena.fill_between(structs.PLANNER_BYTES_PER_BUFFER * len(buffers))
    planning_bytes = ledger.arena.needed_bytes
    ledger.arena.resize_head(head_bytes)
    take_interface(ledger, graph.main, target)
    reasons = _why_estimated(target, operators)
    return Arena(
        min_bytes=align_up(ledger.arena.needed_bytes),
        used_bytes=head_bytes + ledger.arena.tail_bytes,
        head_bytes=head_bytes,
        tail_bytes=ledger.arena.tail_bytes,
        planning_bytes=planning_bytes,
        basis="estimated" if reasons else "exact",
        why_estimated=reasons,
        sections=ledger.sections(),
        buffers=buffers,
        operators=tuple(operators),
        target=target,
    )


def _take_planning_room(ledger: Ledger, graph: Graph, target: Target, scratch: int) -> None:
    """Take the lists that TFLM builds before planning (AllocationInfoBuilder)."""
    tensors = sum(len(subgraph.tensors) for subgraph in graph.subgraphs)
    word = target.pointer_bytes
    ledger.arena.temporary(word * len(graph.subgraphs), word)
    ledger.arena.temporary(target.pick(structs.ALLOCATION_INFO) * (tensors + scratch), word)


def _why_estimated(target: Target, operators: list[OperatorMemory]) -> tuple[str, ...]:
    reasons = []
    if target.abi == "ilp32":
        reasons.append("not measured on this core: Cortex-M's rules, with enumerations of 4 bytes")
    if target.kernels == "esp-nn":
        reasons.append(f"ESP-NN's requests are read from its sources: {esp_nn.SOURCES}")
    names = sorted({memory.op for memory in operators if not memory.exact})
    if names:
        reasons.append(f"an upper bound is used for {', '.join(names)}")
    return tuple(reasons)
