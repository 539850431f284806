"""Reads a .tflite file into a Graph, without TensorFlow; refuses every malformed file."""

import hashlib
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from edgecompress.errors import MALFORMED, ModelError
from edgecompress.tflite.checks.well_formed import check_form
from edgecompress.tflite.graph import Graph, Operator, Quantization, Subgraph, Tensor
from edgecompress.tflite.metadata import METADATA_NAME, normalizations

SCHEMA_VERSION = 3
_IDENTIFIER = b"TFL3"

# What the flatbuffer accessors raise when an offset or a length in the file is wrong.
_MALFORMED = (*MALFORMED, MemoryError, struct.error)


def _names(enum: type) -> Mapping[int, str]:
    return {code: name for name, code in vars(enum).items() if isinstance(code, int)}


_TENSOR_TYPES = _names(schema.TensorType)
_OPERATORS = _names(schema.BuiltinOperator)
# Options whose value is a schema enumeration, by field name.
_OPTION_ENUMS: Mapping[str, Mapping[int, str]] = {
    "fused_activation_function": _names(schema.ActivationFunctionType),
    "padding": _names(schema.Padding),
    "in_data_type": _TENSOR_TYPES,
    "out_data_type": _TENSOR_TYPES,
    "output_type": _TENSOR_TYPES,
}


def read_model(source: Path | bytes) -> Graph:
    """Read a .tflite model from a file or from its bytes.

    Raises:
        ModelError: the file cannot be read, is not a TFLite model, or is damaged.
    """
    name = "the model" if isinstance(source, bytes) else str(source)
    content = source if isinstance(source, bytes) else _read_file(source)
    _check_identifier(content, name)
    try:
        return _graph(content)
    except ModelError as error:
        raise ModelError(f"{name}: {error}") from error
    except _MALFORMED as error:
        raise ModelError(
            f"{name} is damaged or truncated: an offset in it points outside its "
            f"{len(content):,} bytes. Copy or convert it again"
        ) from error


def _read_file(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise ModelError(f"{path}: a pipe or a device; copy the model to a file")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror or error}") from error


def _check_identifier(content: bytes, name: str) -> None:
    if not content:
        raise ModelError(f"{name} is empty; a .tflite file was expected")
    if content[4:8] != _IDENTIFIER:
        raise ModelError(
            f"{name} is not a TFLite model: it lacks the identifier 'TFL3' in bytes 4 to 7. "
            "Give a .tflite file; `edgecompress quantize` makes one of a Keras model"
        )


def _graph(content: bytes) -> Graph:
    model = schema.Model.GetRootAs(content, 0)
    if model.Version() != SCHEMA_VERSION:
        raise ModelError(f"schema version {model.Version()}; only {SCHEMA_VERSION} is known")
    buffers = [
        _buffer(content, model.Buffers(i)) for i in range(_count(content, model.BuffersLength()))
    ]
    codes = [
        _operator_code(model.OperatorCodes(i))
        for i in range(_count(content, model.OperatorCodesLength()))
    ]
    subgraphs = tuple(
        _subgraph(model.Subgraphs(i), buffers, codes)
        for i in range(_count(content, model.SubgraphsLength()))
    )
    check_form(subgraphs)
    if not subgraphs or not subgraphs[0].operators:
        raise ModelError("the model has no operators")
    if not subgraphs[0].inputs or not subgraphs[0].outputs:
        raise ModelError("the model has no inputs, or no outputs")
    metadata = _metadata(content, model, buffers)
    return Graph(
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        subgraphs=(_with_normalizations(subgraphs[0], metadata), *subgraphs[1:]),
        metadata=metadata,
    )


def _with_normalizations(main: Subgraph, metadata: Mapping[str, bytes]) -> Subgraph:
    """Return the main subgraph, its input tensors with the normalization of the metadata."""
    if METADATA_NAME not in metadata:
        return main
    found = normalizations(metadata[METADATA_NAME], len(main.inputs))
    of = {index: entry for index, entry in zip(main.inputs, found, strict=True) if entry}
    for index, entry in of.items():
        features = main.tensors[index].shape[-1] if main.tensors[index].shape else 1
        known = {1, features, main.tensors[index].elements}
        if not {len(entry.mean), len(entry.std)} <= known:
            raise ModelError(
                f"its metadata has {len(entry.mean)} means and {len(entry.std)} deviations for "
                f"input {main.tensors[index].name!r}, whose last axis has {features} features"
            )
    tensors = tuple(replace(t, normalization=of.get(t.index)) for t in main.tensors)
    return replace(main, tensors=tensors)


def _count(content: bytes, length: int) -> int:
    """Refuse a vector that could not lie in the file, before anything loops over it."""
    if length * 4 > len(content):
        raise IndexError(length)
    return length


def _buffer(content: bytes, buffer: Any) -> tuple[memoryview | None, bool]:
    """Return the values a buffer holds (None if it holds none), and whether they lie outside."""
    if buffer.Offset() > 1:  # 0 and 1 both stand for "in the flatbuffer"
        start, end = buffer.Offset(), buffer.Offset() + buffer.Size()
        if end > len(content):
            raise ModelError(
                f"a buffer ends at byte {end:,} of a file of {len(content):,} bytes. "
                "The file is truncated: copy or convert it again"
            )
        return memoryview(content)[start:end], True
    values = buffer.DataAsNumpy()
    return (None, False) if _absent(values) else (memoryview(values), False)


def _absent(values: Any) -> bool:
    return isinstance(values, int) or len(values) == 0


def _integers(values: Any) -> tuple[int, ...]:
    return () if isinstance(values, int) else tuple(values.tolist())


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("utf-8", errors="replace")


def _operator_code(code: Any) -> tuple[str, int]:
    """Return the operator's name and version."""
    # Files written before operator codes outgrew a byte carry only the deprecated field.
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    if number == schema.BuiltinOperator.CUSTOM:
        return f"CUSTOM:{_text(code.CustomCode())}", code.Version()
    if number not in _OPERATORS:
        raise ModelError(f"operator code {number} is not in the TFLite schema known here")
    return _OPERATORS[number], code.Version()


def _subgraph(
    subgraph: Any, buffers: list[tuple[memoryview | None, bool]], codes: list[tuple[str, int]]
) -> Subgraph:
    content: bytes = subgraph._tab.Bytes  # noqa: SLF001 - the accessors offer no other way
    tensors = tuple(
        _tensor(i, subgraph.Tensors(i), buffers)
        for i in range(_count(content, subgraph.TensorsLength()))
    )
    operators = tuple(
        _operator(i, subgraph.Operators(i), codes)
        for i in range(_count(content, subgraph.OperatorsLength()))
    )
    inputs = _integers(subgraph.InputsAsNumpy())
    outputs = _integers(subgraph.OutputsAsNumpy())
    _check_indices((*inputs, *outputs), 0, len(tensors), "the subgraph's interface")
    for operator in operators:
        where = f"operator {operator.index} ({operator.op})"
        _check_indices(operator.inputs, -1, len(tensors), where)
        _check_indices((*operator.outputs, *operator.intermediates), 0, len(tensors), where)
    named = _named(tensors, operators)
    return Subgraph(_text(subgraph.Name()), named, operators, inputs, outputs)


def _named(tensors: tuple[Tensor, ...], operators: tuple[Operator, ...]) -> tuple[Tensor, ...]:
    """Name each nameless tensor for the operator that writes it: "CONV_2D 4"."""
    writers = {}
    for operator in operators:
        for place, index in enumerate(operator.outputs):
            writers[index] = f"{operator.op} {operator.index}" + (f":{place}" if place else "")
    return tuple(
        tensor if tensor.name else replace(tensor, name=writers.get(tensor.index, ""))
        for tensor in tensors
    )


def _check_indices(indices: tuple[int, ...], lowest: int, tensors: int, where: str) -> None:
    for index in indices:
        if not lowest <= index < tensors:
            raise ModelError(f"{where} names tensor {index}; there are {tensors}")


def _tensor(index: int, tensor: Any, buffers: list[tuple[memoryview | None, bool]]) -> Tensor:
    name = _text(tensor.Name())
    if tensor.Type() not in _TENSOR_TYPES:
        raise ModelError(f"tensor {index} ({name}) is of the unknown type {tensor.Type()}")
    if tensor.Buffer() >= len(buffers):
        raise ModelError(f"tensor {index} ({name}) uses buffer {tensor.Buffer()} of {len(buffers)}")
    data, outside = buffers[tensor.Buffer()]
    result = Tensor(
        index=index,
        name=name,
        type=_TENSOR_TYPES[tensor.Type()],
        shape=_integers(tensor.ShapeAsNumpy()),
        buffer=tensor.Buffer(),
        data=data,
        is_variable=tensor.IsVariable(),
        quantization=_quantization(tensor.Quantization()),
        shape_signature=_integers(tensor.ShapeSignatureAsNumpy()),
        outside_flatbuffer=outside,
        is_sparse=tensor.Sparsity() is not None,
    )
    dense = data is not None and result.type != "STRING" and not result.is_sparse
    if dense and len(data or b"") < result.size_bytes:
        raise ModelError(
            f"constant {index} ({name}) holds {len(data or b''):,} bytes; "
            f"its shape {list(result.shape)} of {result.type} needs {result.size_bytes:,}"
        )
    return result


def _quantization(parameters: Any) -> Quantization | None:
    if parameters is None or _absent(parameters.ScaleAsNumpy()):
        return None
    return Quantization(
        scales=tuple(parameters.ScaleAsNumpy().tolist()),
        zero_points=_integers(parameters.ZeroPointAsNumpy()),
        axis=parameters.QuantizedDimension(),
    )


def _operator(index: int, operator: Any, codes: list[tuple[str, int]]) -> Operator:
    if operator.OpcodeIndex() >= len(codes):
        raise ModelError(f"operator {index} uses operator code {operator.OpcodeIndex()}")
    name, version = codes[operator.OpcodeIndex()]
    custom = operator.CustomOptionsAsNumpy()
    return Operator(
        index=index,
        op=name,
        version=version,
        inputs=_integers(operator.InputsAsNumpy()),
        outputs=_integers(operator.OutputsAsNumpy()),
        intermediates=_integers(operator.IntermediatesAsNumpy()),
        options=_options(operator),
        custom_options=b"" if _absent(custom) else custom.tobytes(),
    )


def _options(operator: Any) -> Mapping[str, Any]:
    table = operator.BuiltinOptions()
    if table is None:
        return {}
    options = schema.BuiltinOptionsCreator(operator.BuiltinOptionsType(), table)
    fields = {} if options is None else vars(options)
    return {name: _option(name, value) for name, value in _snake_case(fields).items()}


def _snake_case(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {re.sub("([A-Z])", r"_\1", name).lower(): value for name, value in fields.items()}


def _option(name: str, value: Any) -> Any:
    if name in _OPTION_ENUMS:
        return _OPTION_ENUMS[name].get(value, value)
    to_list: Callable[[], list[Any]] | None = getattr(value, "tolist", None)
    return tuple(to_list()) if to_list is not None else value


def _metadata(
    content: bytes, model: Any, buffers: list[tuple[memoryview | None, bool]]
) -> Mapping[str, bytes]:
    entries = [model.Metadata(i) for i in range(_count(content, model.MetadataLength()))]
    found = {_text(entry.Name()): buffers[entry.Buffer()][0] for entry in entries}
    return {name: bytes(data) for name, data in found.items() if data is not None}
