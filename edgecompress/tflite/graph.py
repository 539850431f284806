"""A .tflite model as plain values: what flows from the reader to fit, firmware and report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

# Bytes of one element, by schema type name. INT4 is packed two to a byte.
# Source: tensorflow/lite/micro/memory_helpers.cc, TfLiteTypeSizeOf.
ELEMENT_BYTES: Mapping[str, float] = {
    "FLOAT32": 4, "FLOAT16": 2, "BFLOAT16": 2, "FLOAT64": 8, "INT8": 1, "UINT8": 1, "BOOL": 1,
    "INT16": 2, "UINT16": 2, "INT32": 4, "UINT32": 4, "INT64": 8, "UINT64": 8, "INT4": 0.5,
    "COMPLEX64": 8, "COMPLEX128": 16, "STRING": 1, "RESOURCE": 4, "VARIANT": 4,
    "INT2": 0.25, "UINT4": 0.5, "FLOAT8_E4M3FN": 1, "FLOAT8_E5M2": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Quantization:
    """Affine quantization: real = scale * (q - zero_point), one pair or one per channel."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int  # quantized_dimension


@dataclass(frozen=True)
class Normalization:
    """What is done to an input before it is quantized: (x - mean) / std.

    One value each, or one for each feature: element of the last axis. Where features lie along
    another axis, one for each element of a sample. All are float32.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def size_bytes(self) -> int:
        """What both take as float32 constants of a firmware."""
        return 4 * (len(self.mean) + len(self.std))


@dataclass(frozen=True)
class Tensor:
    """One tensor of a subgraph. `data` is None unless the model holds its values (a constant)."""

    index: int
    name: str  # where the file has none, that of the operator which writes it: "CONV_2D 4"
    type: str  # schema name: "INT8", "FLOAT32", ...
    shape: tuple[int, ...]
    buffer: int  # index into the model's buffers
    data: memoryview | None = field(repr=False, default=None)
    is_variable: bool = False
    quantization: Quantization | None = None
    shape_signature: tuple[int, ...] = ()  # -1 where a dimension is dynamic
    outside_flatbuffer: bool = False  # `data` lies behind the flatbuffer, where TFLM never looks
    is_sparse: bool = False  # `data` is packed by the schema's sparsity parameters
    normalization: Normalization | None = None  # of an input of the model, by its metadata

    @property
    def elements(self) -> int:
        """Number of elements; 1 for a scalar."""
        return prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes of the values, packed types rounded up."""
        return int(-(-self.elements * ELEMENT_BYTES[self.type] // 1))


@dataclass(frozen=True)
class Operator:
    """One operator. `op` is the schema name ("CONV_2D") or "CUSTOM:<name>"; -1 marks no tensor."""

    index: int
    op: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    intermediates: tuple[int, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)  # builtin options, schema field names
    custom_options: bytes = b""


@dataclass(frozen=True)
class Subgraph:
    """Operators in execution order, with the tensors they share."""

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """A whole model; `subgraphs[0]` is the one that runs."""

    size_bytes: int
    sha256: str
    subgraphs: tuple[Subgraph, ...]
    metadata: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def main(self) -> Subgraph:
        """The subgraph that runs first."""
        return self.subgraphs[0]
