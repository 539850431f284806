"""Builds tiny .tflite models in code, so that tests need no converter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_NUMPY = {
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "UINT8": np.uint8,
    "FLOAT32": np.float32, "BOOL": np.bool_,
}  # fmt: skip


@dataclass(frozen=True)
class T:
    """A tensor; a constant if it has `values`. `scale` None leaves it unquantized."""

    shape: tuple[int, ...]
    type: str = "INT8"
    values: Any = None
    scale: float | Sequence[float] | None = 0.5
    zero_point: int = 0
    axis: int = 0
    variable: bool = False
    name: str = ""


@dataclass(frozen=True)
class Op:
    """An operator; `inputs` and `outputs` are tensor names, "" leaves an input out."""

    op: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    options: Any = None
    custom_options: bytes = b""


def zeros(shape: tuple[int, ...], type_: str = "INT8", **rest: Any) -> T:
    """A constant of small values that are not all alike."""
    count = int(np.prod(shape, dtype=np.int64))
    values = np.arange(count, dtype=np.int64) % 5 - 2
    return T(shape, type_, values.astype(_NUMPY[type_]).reshape(shape), **rest)


def integers(*values: int, type_: str = "INT32") -> T:
    """A constant vector of plain integers."""
    return T((len(values),), type_, np.array(values, _NUMPY[type_]), scale=None)


@dataclass(frozen=True)
class Graph:
    """One subgraph to build."""

    tensors: Mapping[str, T]
    ops: Sequence[Op]
    inputs: Sequence[str]
    outputs: Sequence[str]
    name: str = "main"


def build(*graphs: Graph, metadata: Mapping[str, bytes] = {}) -> bytes:
    """Serialize subgraphs into a .tflite model; `metadata` by name."""
    model = schema.ModelT()
    model.version = 3
    model.buffers = [_buffer(None)]
    model.operatorCodes, codes = [], {}
    model.subgraphs = [_subgraph(graph, model, codes) for graph in graphs]
    model.metadata = []
    for name, content in metadata.items():
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, len(model.buffers)
        model.buffers.append(_buffer(np.frombuffer(content, np.uint8)))
        model.metadata.append(entry)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def one(op: str, inputs: Sequence[T | None], outputs: Sequence[T], options: Any = None,
        custom_options: bytes = b"") -> bytes:  # fmt: skip
    """A model of one operator; inputs without values are the model's inputs."""
    names = ["" if tensor is None else f"i{i}" for i, tensor in enumerate(inputs)]
    results = [f"o{i}" for i in range(len(outputs))]
    tensors = {n: t for n, t in zip(names, inputs, strict=True) if t is not None}
    free = [n for n, t in tensors.items() if t.values is None and not t.variable]
    tensors |= dict(zip(results, outputs, strict=True))
    node = Op(op, names, results, options, custom_options)
    return build(Graph(tensors, [node], free, results))


def options(kind: str, **fields: Any) -> Any:
    """Builtin options, by schema name without the T: options("Pool2DOptions", strideW=1)."""
    result = getattr(schema, f"{kind}T")()
    for name, value in fields.items():
        setattr(result, name, value)
    return result


def _buffer(values: Any) -> Any:
    buffer = schema.BufferT()
    buffer.data = None if values is None else np.frombuffer(values.tobytes(), np.uint8)
    return buffer


def _subgraph(graph: Graph, model: Any, codes: dict[str, int]) -> Any:
    subgraph = schema.SubGraphT()
    subgraph.name = graph.name
    index = {name: i for i, name in enumerate(graph.tensors)} | {"": -1}
    subgraph.tensors = [_tensor(name, t, model) for name, t in graph.tensors.items()]
    subgraph.inputs = [index[name] for name in graph.inputs]
    subgraph.outputs = [index[name] for name in graph.outputs]
    subgraph.operators = [_operator(op, index, model, codes) for op in graph.ops]
    return subgraph


def _tensor(name: str, tensor: T, model: Any) -> Any:
    result = schema.TensorT()
    result.name = tensor.name or name
    result.shape = list(tensor.shape)
    result.type = getattr(schema.TensorType, tensor.type)
    result.isVariable = tensor.variable
    result.buffer = 0
    if tensor.values is not None:
        result.buffer = len(model.buffers)
        model.buffers.append(_buffer(np.asarray(tensor.values)))
    if tensor.scale is not None and tensor.type != "BOOL":
        scales = np.atleast_1d(np.float32(tensor.scale))
        result.quantization = schema.QuantizationParametersT()
        result.quantization.scale = scales
        result.quantization.zeroPoint = np.full(len(scales), tensor.zero_point, np.int64)
        result.quantization.quantizedDimension = tensor.axis
    return result


def _operator(op: Op, index: Mapping[str, int], model: Any, codes: dict[str, int]) -> Any:
    if op.op not in codes:
        codes[op.op] = len(model.operatorCodes)
        model.operatorCodes.append(_code(op.op))
    result = schema.OperatorT()
    result.opcodeIndex = codes[op.op]
    result.inputs = [index[name] for name in op.inputs]
    result.outputs = [index[name] for name in op.outputs]
    if op.options is not None:
        kind = type(op.options).__name__[:-1]
        result.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        result.builtinOptions = op.options
    if op.custom_options:
        result.customOptions = np.frombuffer(op.custom_options, np.uint8)
    return result


def _code(op: str) -> Any:
    code = schema.OperatorCodeT()
    custom = op.startswith("CUSTOM:")
    code.builtinCode = schema.BuiltinOperator.CUSTOM if custom else getattr(
        schema.BuiltinOperator, op
    )  # fmt: skip
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.customCode = op.removeprefix("CUSTOM:") if custom else None
    code.version = 1
    return code
