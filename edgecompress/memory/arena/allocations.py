"""Replays AllocateTensors: every request TFLM makes of the arena, in its order.

Follows tensorflow/lite/micro/micro_interpreter.cc, micro_interpreter_graph.cc and
micro_allocator.cc of the pinned commit. The order matters, because each request is aligned.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgecompress.errors import UnsupportedModelError
from edgecompress.memory.arena import structs
from edgecompress.memory.arena.allocator import ArenaAllocator
from edgecompress.memory.arena.kernels import kernels_of
from edgecompress.memory.arena.requests import Inspect, Kernel, Node, Persistent, Request, Scratch
from edgecompress.memory.arena.target import Target
from edgecompress.memory.arena.variables import resource_values, resource_variables
from edgecompress.tflite.checks.well_formed import computing
from edgecompress.tflite.graph import Graph, Operator, Subgraph, Tensor

SECTIONS = (
    "eval_tensor", "persistent_tensor", "persistent_quant", "persistent_buffer",
    "variable_buffer", "node_and_registration", "op_data",
)  # fmt: skip


@dataclass(frozen=True)
class Section:
    """What RecordingMicroAllocator counts under one heading."""

    requested_bytes: int
    used_bytes: int  # with what alignment costs
    count: int


@dataclass(frozen=True)
class OperatorMemory:
    """What one operator takes of the arena, beside its tensors."""

    subgraph: int
    operator: int
    op: str
    options_bytes: int  # parsed options, in the tail
    persistent_bytes: int  # operator data and buffers, in the tail
    scratch_bytes: tuple[int, ...]  # in the head, while the operator runs
    exact: bool


@dataclass(frozen=True)
class ScratchRequest:
    """A scratch buffer, by the operator that asked for it."""

    subgraph: int
    operator: int
    size_bytes: int


class Ledger:
    """An arena allocator, and the sections that TFLM records allocations under."""

    def __init__(self) -> None:
        self.arena = ArenaAllocator()
        self._requested: Counter[str] = Counter()
        self._used: Counter[str] = Counter()
        self._count: Counter[str] = Counter()

    def take(self, section: str, size: int, alignment: int = 16, count: int = 1) -> int:
        """Take persistent memory under a section; return the bytes used."""
        used = self.arena.persistent(size, alignment)
        self._requested[section] += size
        self._used[section] += used
        self._count[section] += count
        return used

    def sections(self) -> Mapping[str, Section]:
        """Return the recorded sections, by name."""
        return {
            name: Section(self._requested[name], self._used[name], self._count[name])
            for name in SECTIONS
        }


def create_interpreter(ledger: Ledger, target: Target, *, recording: bool) -> None:
    """Place the allocator objects themselves (MicroAllocator::Create)."""
    buffers = structs.SINGLE_ARENA_BUFFER_ALLOCATOR
    allocator = structs.MICRO_ALLOCATOR
    if recording:
        buffers = structs.RECORDING_BUFFER_ALLOCATOR
        allocator = structs.RECORDING_MICRO_ALLOCATOR
    for sizes in (buffers, structs.GREEDY_MEMORY_PLANNER, allocator):
        ledger.arena.persistent(target.pick(sizes), target.pointer_bytes)


def create_resource_variables(ledger: Ledger, graph: Graph, target: Target) -> None:
    """Place the list of the model's resource variables, if it has any."""
    count = resource_variables(graph)
    if count:
        ledger.take("persistent_buffer", target.pick(structs.RESOURCE_VARIABLES))
        ledger.take("persistent_buffer", target.pick(structs.RESOURCE_VARIABLE) * count)


def start_model(ledger: Ledger, graph: Graph, target: Target) -> None:
    """Place what every model needs: tensors, nodes and parsed options."""
    word = target.pointer_bytes
    ledger.arena.persistent(target.pick(structs.BUILTIN_DATA_ALLOCATOR), word)
    resize_requests(ledger.arena, target, 0)
    subgraphs = graph.subgraphs
    ledger.arena.persistent(target.pick(structs.SUBGRAPH_ALLOCATIONS) * len(subgraphs), word)
    for subgraph in subgraphs:
        count = len(subgraph.tensors)
        ledger.take("eval_tensor", target.pick(structs.EVAL_TENSOR) * count, word, count)
    for subgraph in subgraphs:
        count = len(subgraph.operators)
        size = target.pick(structs.NODE_AND_REGISTRATION) * count
        ledger.take("node_and_registration", size, word, count)


def resize_requests(arena: ArenaAllocator, target: Target, requests: int) -> None:
    """Make the head as long as TFLM's list of scratch requests, with room for one operator."""
    length = requests + structs.MAX_SCRATCH_PER_OPERATOR
    arena.resize_head(target.pick(structs.SCRATCH_REQUEST) * length)


def prepare_operators(
    ledger: Ledger, graph: Graph, target: Target
) -> tuple[list[OperatorMemory], list[ScratchRequest]]:
    """Parse options, run Init, then Prepare, each for all operators of all subgraphs."""
    steps = [(s, sub, op) for s, sub in enumerate(graph.subgraphs) for op in sub.operators]
    kernels = [_kernel(operator, target) for _, _, operator in steps]
    options = [_take_options(ledger, operator, target) for _, _, operator in steps]
    data = [_take_op_data(ledger, kernel, target) for kernel in kernels]
    resources = resource_values(graph)
    memory: list[OperatorMemory] = []
    scratch: list[ScratchRequest] = []
    for (s, subgraph, operator), kernel, *taken in zip(steps, kernels, options, data, strict=True):
        with computing(operator):
            requests = kernel.prepare(Node(operator, subgraph.tensors, target))
            persistent, asked = _take_requests(ledger, requests, target)
        if (s, operator.index) in resources:
            value = subgraph.tensors[resources[s, operator.index]]
            persistent += ledger.take("persistent_buffer", value.size_bytes)
        sizes = tuple(request.size_bytes for request in asked)
        exact = kernel.exact and all(request.exact for request in asked)
        scratch += [ScratchRequest(s, operator.index, size) for size in sizes]
        ledger.arena.reset_temporary()
        resize_requests(ledger.arena, target, len(scratch))
        persistent += taken[1]
        memory.append(
            OperatorMemory(s, operator.index, operator.op, taken[0], persistent, sizes, exact)
        )
    if scratch:
        handles = target.pointer_bytes * len(scratch)
        ledger.arena.persistent(handles, target.pointer_bytes)
    return memory, scratch


def _kernel(operator: Operator, target: Target) -> Kernel:
    kernel = kernels_of(target).get(operator.op)
    if kernel is None:
        raise UnsupportedModelError(
            f"operator {operator.index} is {operator.op}, which TFLM does not have"
        )
    return kernel


def _take_options(ledger: Ledger, operator: Operator, target: Target) -> int:
    layouts = structs.BUILTIN_OPTIONS.get(operator.op)
    if layouts is None:
        return 0
    size = target.pick((layouts[0][0], layouts[1][0], layouts[2][0]))
    return ledger.arena.persistent(size, target.pick((layouts[0][1], layouts[1][1], layouts[2][1])))


def _take_op_data(ledger: Ledger, kernel: Kernel, target: Target) -> int:
    size = target.pick(kernel.op_data_bytes)
    return ledger.take("persistent_buffer", size) if size else 0


def _take_requests(
    ledger: Ledger, requests: Iterable[Request], target: Target
) -> tuple[int, list[Scratch]]:
    persistent = 0
    scratch: list[Scratch] = []
    for request in requests:
        if isinstance(request, Inspect):
            _inspect(ledger.arena, request, target)
        elif isinstance(request, Persistent):
            persistent += ledger.take("persistent_buffer", request.size_bytes)
        elif isinstance(request, Scratch):
            scratch.append(request)
    return persistent, scratch


def _quantized_channels(tensor: Tensor) -> int:
    quantization = tensor.quantization
    return len(quantization.scales) if quantization and quantization.zero_points else 0


def _inspect(arena: ArenaAllocator, request: Inspect, target: Target) -> None:
    word = target.pointer_bytes
    arena.temporary(target.pick(structs.TENSOR), word)
    channels = _quantized_channels(request.tensor)
    if channels:
        arena.temporary(target.pick(structs.AFFINE_QUANTIZATION), word)
        zero_points = 4 + 4 * channels
        # Before them stands quantized_dimension, the last word of the quantization.
        spare = zero_points + word if request.zero_points_last else 0
        arena.temporary(zero_points, 4, spare)


def take_variables(
    ledger: Ledger, graph: Graph, offline: Sequence[int] | None, sizes: Sequence[Sequence[int]]
) -> None:
    """Place variable tensors, but for those with an offline offset.

    TFLM looks these up by the tensor's number in its own subgraph, whichever that is.
    """
    for s, subgraph in enumerate(graph.subgraphs):
        for tensor in subgraph.tensors:
            if tensor.is_variable and (offline is None or offline[tensor.index] == -1):
                ledger.take("variable_buffer", sizes[s][tensor.index])


def take_interface(ledger: Ledger, subgraph: Subgraph, target: Target) -> None:
    """Place the TfLiteTensors behind `input(i)` and `output(i)`."""
    word = target.pointer_bytes
    for indices in (subgraph.inputs, subgraph.outputs):
        ledger.take("persistent_buffer", word * len(indices))
        for index in indices:
            ledger.take("persistent_tensor", target.pick(structs.TENSOR), word)
            channels = _quantized_channels(subgraph.tensors[index])
            if channels:
                size = target.pick(structs.AFFINE_QUANTIZATION)
                ledger.take("persistent_quant", size, word)
                ledger.take("persistent_quant", 4 + 4 * channels, 4)
