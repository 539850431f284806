"""Mean and deviation of a model's inputs, as the TFLite metadata standard keeps them in a .tflite.

A buffer named TFLITE_METADATA holds a flatbuffer of its own. Source of its tables and of the
numbers of their fields: metadata_schema.fbs of github.com/tensorflow/tflite-support, version 1.1.0:
ModelMetadata -> subgraph_metadata -> input_tensor_metadata -> process_units ->
NormalizationOptions {mean, std}. Entries of inputs are in the order of `SubGraph.inputs`.
"""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers.number_types import UOffsetTFlags
from flatbuffers.table import Table

from edgecompress.errors import ModelError
from edgecompress.tflite.graph import Normalization
from edgecompress.tflite.pack import serialized

METADATA_NAME = "TFLITE_METADATA"
_IDENTIFIER = b"M001"

# Numbers of fields, and how many the tables have that are written here.
_SUBGRAPHS, _MODEL_FIELDS = 3, 8
_INPUTS, _SUBGRAPH_FIELDS = 2, 7
_PROCESS_UNITS, _TENSOR_FIELDS = 4, 7
_OPTIONS_TYPE, _OPTIONS, _UNIT_FIELDS = 0, 1, 2
_MEAN, _STD, _NORMALIZATION_FIELDS = 0, 1, 2
_NORMALIZATION_OPTIONS = 1  # in the union ProcessUnitOptions


def with_normalizations(model: bytes, normalizations: Sequence[Normalization | None]) -> bytes:
    """Return a .tflite whose metadata says how each input is normalized; as it is if none is.

    Args:
        model: a .tflite.
        normalizations: one for each input, in their order.
    """
    if not any(normalizations):
        return model
    content = schema.ModelT.InitFromPackedBuf(model)
    name = METADATA_NAME.encode()
    kept = [entry for entry in content.metadata or () if entry.name not in (name, METADATA_NAME)]
    values = np.frombuffer(_written(normalizations), np.uint8)
    content.metadata = [*kept, schema.MetadataT(name=METADATA_NAME, buffer=len(content.buffers))]
    content.buffers.append(schema.BufferT(data=values))
    return serialized(content)


def normalizations(metadata: bytes, inputs: int) -> tuple[Normalization | None, ...]:
    """Return how each of a model's inputs is normalized, by its TFLITE_METADATA.

    Raises:
        ModelError: mean and deviation cannot be applied.
        IndexError, struct.error and the like: the metadata is damaged.
    """
    if metadata[4:8] != _IDENTIFIER:
        return (None,) * inputs
    root = Table(metadata, flatbuffers.encode.Get(UOffsetTFlags.packer_type, metadata, 0))
    found = [
        _normalization(tensor)
        for subgraph in [*_tables(root, _SUBGRAPHS)][:1]
        for tensor in _tables(subgraph, _INPUTS)
    ]
    return tuple((found + [None] * inputs)[:inputs])


def _normalization(tensor: Table) -> Normalization | None:
    for unit in _tables(tensor, _PROCESS_UNITS):
        kind, options = _place(unit, _OPTIONS_TYPE), _place(unit, _OPTIONS)
        if kind and options and unit.Bytes[kind] == _NORMALIZATION_OPTIONS:
            table = Table(unit.Bytes, unit.Indirect(options))
            return _checked(_floats(table, _MEAN), _floats(table, _STD))
    return None


def _checked(mean: tuple[float, ...], std: tuple[float, ...]) -> Normalization | None:
    if not mean and not std:
        return None
    if not (mean and std and all(map(isfinite, (*mean, *std))) and all(std)):
        raise ModelError(
            f"its metadata normalizes an input by means {list(mean)} and deviations {list(std)}; "
            "both have to be there and finite, and no deviation may be 0"
        )
    return Normalization(mean, std)


def _place(table: Table, number: int) -> int:
    """Return where a field's value lies, 0 if it is left out."""
    offset: int = table.Offset(4 + 2 * number)
    return offset + int(table.Pos) if offset else 0


def _vector(table: Table, number: int) -> tuple[int, int]:
    """Return where a vector of 4-byte elements begins, and its length."""
    if not _place(table, number):
        return 0, 0
    offset = table.Offset(4 + 2 * number)
    start, length = int(table.Vector(offset)), int(table.VectorLen(offset))
    if start + 4 * length > len(table.Bytes):
        raise IndexError(length)
    return start, length


def _tables(table: Table, number: int) -> Iterator[Table]:
    start, length = _vector(table, number)
    for index in range(length):
        yield Table(table.Bytes, table.Indirect(start + 4 * index))


def _floats(table: Table, number: int) -> tuple[float, ...]:
    start, length = _vector(table, number)
    return tuple(np.frombuffer(table.Bytes, "<f4", length, start).tolist()) if length else ()


def _written(normalizations: Sequence[Normalization | None]) -> bytes:
    builder = flatbuffers.Builder()
    tensors = [_tensor(builder, normalization) for normalization in normalizations]
    subgraph = _table(builder, _SUBGRAPH_FIELDS, {_INPUTS: _offsets(builder, tensors)})
    root = _table(builder, _MODEL_FIELDS, {_SUBGRAPHS: _offsets(builder, [subgraph])})
    builder.Finish(root, file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _tensor(builder: Any, normalization: Normalization | None) -> int:
    if normalization is None:
        return _table(builder, _TENSOR_FIELDS, {})
    mean, std = (
        builder.CreateNumpyVector(np.array(values, np.float32))
        for values in (normalization.mean, normalization.std)
    )
    options = _table(builder, _NORMALIZATION_FIELDS, {_MEAN: mean, _STD: std})
    builder.StartObject(_UNIT_FIELDS)
    builder.PrependUint8Slot(_OPTIONS_TYPE, _NORMALIZATION_OPTIONS, 0)
    builder.PrependUOffsetTRelativeSlot(_OPTIONS, options, 0)
    unit = builder.EndObject()
    return _table(builder, _TENSOR_FIELDS, {_PROCESS_UNITS: _offsets(builder, [unit])})


def _table(builder: Any, fields: int, offsets: dict[int, int]) -> int:
    builder.StartObject(fields)
    for number, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(number, offset, 0)
    written: int = builder.EndObject()
    return written


def _offsets(builder: Any, targets: Sequence[int]) -> int:
    builder.StartVector(4, len(targets), 4)
    for target in reversed(targets):
        builder.PrependUOffsetTRelative(target)
    written: int = builder.EndVector()
    return written
