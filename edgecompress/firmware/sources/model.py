"""What the templates need to know of one model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgecompress.dataset.split import Inputs
from edgecompress.errors import UnsupportedModelError, UsageError
from edgecompress.firmware.sources.c_program import CProgram
from edgecompress.firmware.sources.vectors import GoldenVectors
from edgecompress.tflite.graph import Graph, Operator, Tensor
from edgecompress.tflite.operators import Registration

Runtime = Literal["tflm", "c"]

# Types of an input or output: as TFLite calls them, and as C does.
_C_TYPES = {
    "INT8": "int8_t",
    "UINT8": "uint8_t",
    "INT16": "int16_t",
    "INT32": "int32_t",
    "INT64": "int64_t",
    "BOOL": "bool",
}
_LIMITS = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767)}

_TFLM_HEADERS = (
    "tensorflow/lite/micro/micro_interpreter.h",
    "tensorflow/lite/micro/micro_mutable_op_resolver.h",
    "tensorflow/lite/schema/schema_generated.h",
)
_TFLM_VARIABLE_HEADERS = (
    "tensorflow/lite/micro/micro_allocator.h",
    "tensorflow/lite/micro/micro_resource_variable.h",
)

_TFLM_KERNEL_HEADERS = ("tensorflow/lite/micro/kernels/kernel_util.h",)

_BINARY = 2  # classes, of which a single element says which

# Operators that remember something from one inference to the next.
_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
_STATEFUL = frozenset({"ASSIGN_VARIABLE", "SVDF", _LSTM, "CUSTOM:CIRCULAR_BUFFER"})


@dataclass(frozen=True)
class ModelSource:
    """A model with what belongs to it alone, for firmware of several models.

    `samples` are real inputs [n, ...] in the model's units for its test vectors, None for noise;
    `labels` the names of its classes, in the order of its output's elements.
    """

    model: Path | bytes
    samples: Inputs | None = None
    labels: Sequence[str] = ()


@dataclass(frozen=True)
class IoTensor:
    """An input or output; `scale` is None when its values are not quantized."""

    role: str  # "input" or "output"
    index: int  # among the inputs, or among the outputs
    name: str
    type: str
    ctype: str
    shape: tuple[int, ...]
    elements: int
    scale: float | None
    zero_point: int
    low: int
    high: int
    mean: tuple[float, ...] = ()  # real inputs become (x - mean) / std before they are quantized:
    std: tuple[float, ...] = ()  # one value each, or one for each feature of the last axis

    @property
    def is_signed(self) -> bool:
        """Whether the type has negative values."""
        return self.type.startswith("int")

    @property
    def is_by_feature(self) -> bool:
        """Whether each feature of the last axis is normalized by values of its own."""
        return len(self.mean) > 1

    @property
    def macro(self) -> str:
        """The tensor's part of a macro's name."""
        return f"{self.role}{self.index}".upper()


@dataclass(frozen=True)
class FirmwareArena:
    """The arena that a model needs of its firmware, and the kernels it was planned for."""

    min_bytes: int
    used_bytes: int  # as the runner reports
    basis: str  # "exact" or "estimated"
    kernels: str


@dataclass(frozen=True)
class FirmwareModel:
    """A model, ready for the templates; `prefix` begins every C name and file of it."""

    prefix: str
    title: str
    content: bytes
    sha256: str
    inputs: tuple[IoTensor, ...]
    outputs: tuple[IoTensor, ...]
    registrations: tuple[Registration, ...]  # of TFLM
    arena: FirmwareArena  # where the firmware runs
    board_arena: FirmwareArena  # the same, but of a host project
    resource_variables: int
    stateful: bool  # an inference may depend on those before it
    starts_anew: bool  # reset before each test vector
    resets_itself: bool  # by each inference
    vectors: GoldenVectors
    labels: tuple[str, ...]
    program: CProgram | None = None  # of the C runtime

    @property
    def decodes(self) -> bool:
        """Whether the runner has a DECODE of its own."""
        return any(entry.is_own for entry in self.registrations)

    @property
    def macro(self) -> str:
        """The prefix as macros and include guards have it."""
        return self.prefix.upper()

    @property
    def tensors_by_name(self) -> tuple[tuple[str, IoTensor], ...]:
        """The inputs, if there are several, and the outputs, with a name for C each.

        Names are those of the user's layers; where two are the same, only numbers tell them apart.
        """
        found: list[tuple[str, IoTensor]] = []
        for tensors in (self.inputs, self.outputs):
            names = [re.sub(r"[^A-Za-z0-9_]", "_", t.name.partition("/")[0]) for t in tensors]
            if len(set(names)) == len(names) > 1:
                found.extend(zip(names, tensors, strict=True))
        return tuple(found)

    @property
    def labelled(self) -> IoTensor | None:
        """The output that says which of the labels it is, None if there is none.

        It has an element for each, is the index of one, or says by how much it is the second.
        """
        count = len(self.labels)
        for output in self.outputs if count else ():
            is_one = output.elements == 1 and (output.scale is None or count == _BINARY)
            if output.elements == count or is_one:
                return output
        return None

    @property
    def runner_headers(self) -> tuple[str, ...]:
        """What the model's runner includes, besides its own header."""
        return (
            f"{self.prefix}_model_data.h",
            "tensor_arena.h",
            *_TFLM_HEADERS,
            *(_TFLM_VARIABLE_HEADERS if self.resource_variables else ()),
            *(_TFLM_KERNEL_HEADERS if self.decodes else ()),
        )


def io_tensors(graph: Graph) -> tuple[tuple[IoTensor, ...], tuple[IoTensor, ...]]:
    """Return the inputs and the outputs of a model.

    Raises:
        UnsupportedModelError: one of them is not an integer tensor of a fixed shape.
    """
    tensors = graph.main.tensors
    inputs = [_io_tensor("input", i, tensors[t]) for i, t in enumerate(graph.main.inputs)]
    outputs = [_io_tensor("output", i, tensors[t]) for i, t in enumerate(graph.main.outputs)]
    return tuple(inputs), tuple(outputs)


def check_labels(labels: Sequence[str], outputs: Sequence[IoTensor]) -> None:
    """Raise UsageError unless an output has an element for each label, or is an index of them."""
    counts = {tensor.shape[-1] if tensor.shape else 1 for tensor in outputs}
    is_index = any(tensor.scale is None for tensor in outputs)
    is_binary = len(labels) == _BINARY and 1 in counts
    if not (len(labels) in counts or is_index or is_binary):
        shapes = ", ".join("x".join(map(str, tensor.shape)) for tensor in outputs)
        raise UsageError(f"{len(labels)} labels for a model whose output is {shapes}")


def is_stateful(graph: Graph) -> bool:
    """Say whether an inference depends on those before it."""
    variables = any(t.is_variable for subgraph in graph.subgraphs for t in subgraph.tensors)
    return variables or any(op in _STATEFUL for op in _operators(graph))


def resets_itself(graph: Graph) -> bool:
    """Say whether an inference has to begin by forgetting the one before.

    So it is for an LSTM that gets a sequence at a time, which Keras begins with a state of zeros;
    TFLM's reference kernel goes on from where it ended. An LSTM of a single step is one whose
    caller counts on its state, and a reset would take that of other operators too.
    """
    loops = {op for op in _operators(graph) if op in _STATEFUL} == {_LSTM}
    return loops and all(
        subgraph.tensors[operator.outputs[0]].shape[_time_axis(operator)] > 1
        for subgraph in graph.subgraphs
        for operator in subgraph.operators
        if operator.op == _LSTM
    )


def _time_axis(operator: Operator) -> int:
    return 0 if operator.options.get("time_major") else 1


def count_resource_variables(graph: Graph) -> int:
    """Count the variables that VAR_HANDLE operators name, by container and shared name."""
    return len(
        {
            (operator.options.get("container"), operator.options.get("shared_name"))
            for subgraph in graph.subgraphs
            for operator in subgraph.operators
            if operator.op == "VAR_HANDLE"
        }
    )


def _operators(graph: Graph) -> Sequence[str]:
    return [operator.op for subgraph in graph.subgraphs for operator in subgraph.operators]


def _io_tensor(role: str, index: int, tensor: Tensor) -> IoTensor:
    if tensor.type not in _C_TYPES:
        raise UnsupportedModelError(
            f"{role} {index} ({tensor.name!r}) is {tensor.type}: firmware is generated for "
            "integer inputs and outputs. Convert the model to full int8 with "
            "`edgecompress quantize MODEL --data DATA -o OUT.tflite`"
        )
    quantization = tensor.quantization if tensor.type in _LIMITS else None
    mean, std = _normalization(tensor) if quantization else ((), ())
    low, high = _LIMITS.get(tensor.type, (0, 0))
    return IoTensor(
        role=role,
        index=index,
        name=tensor.name,
        type=tensor.type.lower(),
        ctype=_C_TYPES[tensor.type],
        shape=tensor.shape,
        elements=tensor.elements,
        scale=quantization.scales[0] if quantization else None,
        zero_point=(*quantization.zero_points, 0)[0] if quantization else 0,
        low=low,
        high=high,
        mean=mean,
        std=std,
    )


def _normalization(tensor: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation of a tensor, as many of each; none if it is not normalized."""
    if tensor.normalization is None:
        return (), ()
    mean, std = tensor.normalization.mean, tensor.normalization.std
    features = max(len(mean), len(std))
    return mean * (features // len(mean)), std * (features // len(std))
