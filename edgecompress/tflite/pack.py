"""A .tflite in fewer bytes: nothing in it that no interpreter reads, and nothing in it twice."""

import struct
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgecompress.errors import MALFORMED, ModelError
from edgecompress.tflite.sharing import SharingBuilder

# Of a constant's values, from the start of the file. Source: Buffer.data, force_align: 16, in
# tensorflow/compiler/mlir/lite/schema/schema.fbs.
ALIGNMENT_BYTES = 16
_IDENTIFIER = b"TFL3"
_OUTSIDE = 2  # least Buffer.offset of values behind the flatbuffer; 0 and 1 stand for none
# Notes of the converter on itself; TFLM and TFLite look up other entries by their names.
_UNREAD_METADATA = frozenset({b"min_runtime_version", b"CONVERSION_METADATA"})


def packed(model: bytes, *, names: bool = False) -> bytes:
    """Return a model that computes the same, in a file without a byte that no interpreter reads.

    Left out are the names of all tensors but inputs and outputs, calibrated ranges, signatures (an
    interpreter is fed by the order of inputs) and the converter's notes. What is equal is stored
    once: above all the int64 zero points, of which TFLite wants as many as there are scales.
    Tensors and operators keep their numbers. Biases of zeros stay: TFLite's depthwise convolution
    crashes without one.

    Args:
        model: a .tflite; one with constants outside of its flatbuffer (2 GB and more) is returned
            as it is.
        names: keep the names of all tensors.

    Raises:
        ModelError: the file is damaged.
    """
    content = content_of(model)
    if any(buffer.offset >= _OUTSIDE for buffer in content.buffers):
        return model
    _drop_unread(content, names=names)
    _merge_buffers(content)
    return serialized(content)


def content_of(model: bytes) -> Any:
    """Return all of a .tflite as a schema.ModelT.

    Raises:
        ModelError: the file is damaged, though it may be where no interpreter reads.
    """
    try:
        content = schema.ModelT.InitFromPackedBuf(model)
    except (*MALFORMED, MemoryError, struct.error) as error:
        raise ModelError(
            f"the model is damaged: an offset in it points outside its {len(model):,} bytes. Copy "
            "or convert it again"
        ) from error
    for subgraph in content.subgraphs:  # the schema has None for an empty list
        subgraph.tensors = subgraph.tensors or []
    return content


def with_ordered_constants(model: bytes) -> bytes:
    """Return a model whose constants are numbered in the order of their first use.

    The converter's own order may differ from run to run. Constants change places among themselves
    only: TFLM's planner goes by the numbers of the other tensors.
    """
    content = schema.ModelT.InitFromPackedBuf(model)
    for subgraph in content.subgraphs:
        _order_constants(content, subgraph)
    return serialized(content)


def _order_constants(content: Any, subgraph: Any) -> None:
    operators, tensors = subgraph.operators or (), list(subgraph.tensors)
    outer = {*_indices(subgraph.inputs), *_indices(subgraph.outputs)}
    used = dict.fromkeys(i for operator in operators for i in _indices(operator.inputs) if i >= 0)
    constants = [
        index
        for index in used
        if index not in outer and content.buffers[tensors[index].buffer].data is not None
    ]
    moved = dict(zip(constants, sorted(constants), strict=True))
    for old, new in moved.items():
        subgraph.tensors[new] = tensors[old]
    for operator in operators:
        if operator.inputs is not None:
            numbers = [moved.get(index, index) for index in _indices(operator.inputs)]
            operator.inputs = np.array(numbers, np.int32)


def serialized(content: Any) -> bytes:
    """Return the file of `content`, a schema.ModelT."""
    builder = SharingBuilder()
    # The schema's Python classes align constants as bytes only: they find these there already.
    for buffer in content.buffers:
        if buffer.data is not None:
            builder.AlignedVector(buffer.data.tobytes(), ALIGNMENT_BYTES)
    builder.Finish(content.Pack(builder), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _drop_unread(content: Any, *, names: bool) -> None:
    content.description = content.signatureDefs = content.metadataBuffer = None
    kept = [entry for entry in content.metadata or () if entry.name not in _UNREAD_METADATA]
    content.metadata = kept or None
    for subgraph in content.subgraphs:
        subgraph.name = None
        outer = {*_indices(subgraph.inputs), *_indices(subgraph.outputs)}
        for index, tensor in enumerate(subgraph.tensors):
            if not names and (index not in outer or subgraph is not content.subgraphs[0]):
                tensor.name = None
            _drop_ranges(tensor)
        for operator in subgraph.operators or ():
            operator.mutatingVariableInputs = None


def _indices(vector: Any) -> list[int]:
    return [] if vector is None else [int(index) for index in vector]


def _drop_ranges(tensor: Any) -> None:
    parameters = tensor.quantization
    if parameters is not None:
        parameters.min = parameters.max = None
        if parameters.scale is None and parameters.details is None:
            tensor.quantization = None


def _merge_buffers(content: Any) -> None:
    """Store equal constants once, and unread ones not at all; buffer 0 is of all that are empty."""
    kept, number_of = [schema.BufferT()], {b"": 0}
    readers = [tensor for subgraph in content.subgraphs for tensor in subgraph.tensors]
    for reader in (*readers, *(content.metadata or ())):
        buffer = content.buffers[reader.buffer]
        values = b"" if buffer.data is None else buffer.data.tobytes()
        if values not in number_of:
            number_of[values] = len(kept)
            kept.append(schema.BufferT(data=buffer.data))
        reader.buffer = number_of[values]
    content.buffers = kept


def drop_unused_tensors(content: Any) -> None:
    """Leave out tensors that no operator of the main subgraph reads or writes; renumber the rest.

    TFLM gives them memory all the same. Signatures, which name tensors by number, are left out.
    """
    content.signatureDefs = None
    subgraph = content.subgraphs[0]
    used = {*subgraph.inputs, *subgraph.outputs}
    for operator in subgraph.operators:
        for indices in (operator.inputs, operator.outputs, operator.intermediates):
            used |= {int(index) for index in (() if indices is None else indices) if index >= 0}
    kept = sorted(int(index) for index in used)
    number = {old: new for new, old in enumerate(kept)} | {-1: -1}

    def renumbered(indices: Any) -> list[int] | None:
        return None if indices is None else [number[int(index)] for index in indices]

    subgraph.tensors = [subgraph.tensors[index] for index in kept]
    subgraph.inputs, subgraph.outputs = renumbered(subgraph.inputs), renumbered(subgraph.outputs)
    for operator in subgraph.operators:
        operator.inputs = renumbered(operator.inputs)
        operator.outputs = renumbered(operator.outputs)
        operator.intermediates = renumbered(operator.intermediates)
