"""A model whose constants DECODE operators unpack before they are read."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edgecompress.pack.encodings.bitmap import bitmap
from edgecompress.pack.encodings.encoded import Encoded
from edgecompress.pack.encodings.huffman import huffman
from edgecompress.pack.encodings.lut import look_up_table
from edgecompress.pack.rewrite import without_plan
from edgecompress.tflite.decode_form import DECODE
from edgecompress.tflite.graph import Graph, Quantization, Tensor
from edgecompress.tflite.int4 import steps_of
from edgecompress.tflite.pack import content_of, packed, serialized

# Their kernels read weights when they run only. Others want constants while memory is planned, or
# sum them up then.
_READERS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
_WEIGHTS = 1  # place among their inputs


def weights_of(graph: Graph) -> Iterator[tuple[Tensor, NDArray[np.int8]]]:
    """Yield the constants of the main subgraph that may be unpacked as it runs, with their values.

    These are of int8, and of int4: its readers' kernels compute the same from int8.
    """
    main = graph.main
    reads: dict[int, set[bool]] = {}
    for operator in main.operators:
        for place, index in enumerate(operator.inputs):
            allowed = operator.op in _READERS and place == _WEIGHTS
            reads.setdefault(index, set()).add(allowed)
    for tensor in main.tensors:
        outer = tensor.index in {*main.inputs, *main.outputs}
        if reads.get(tensor.index) == {True} and not outer and _can_be_coded(tensor):
            yield tensor, _values(tensor)


def _can_be_coded(tensor: Tensor) -> bool:
    quantization = tensor.quantization
    return (
        tensor.data is not None
        and tensor.type in ("INT8", "INT4")
        and quantization is not None
        and len(quantization.zero_points) == len(quantization.scales)
        and not any(quantization.zero_points)
        and quantization.axis in {0, len(tensor.shape) - 1 if len(quantization.scales) > 1 else 0}
    )


def _values(tensor: Tensor) -> NDArray[np.int8]:
    stored = np.frombuffer(tensor.data or b"", np.int8)
    values = steps_of(stored) if tensor.type == "INT4" else stored
    return values[: tensor.elements].reshape(tensor.shape)


def smallest_encoding(values: NDArray[np.int8], quantization: Quantization) -> Encoded:
    """Return a constant in the fewest bytes, which may be more than it has."""
    tables = look_up_table(values, len(quantization.scales), quantization.axis)
    found = (bitmap(values), huffman(values), tables)
    return min((each for each in found if each), key=lambda each: each.size_bytes)


def with_decode(model: bytes, encoded: Mapping[int, Encoded]) -> bytes:
    """Return the model with constants of its main subgraph encoded, by their numbers.

    A DECODE stands before the first operator that reads each. What it writes lies in the arena from
    there to the last that does. A memory plan is left out: it has no place for these.
    """
    content = content_of(without_plan(model))
    main = content.subgraphs[0]
    code = _operator_code(content)
    for index, parts in encoded.items():
        tensor = main.tensors[index]
        tensor.type, tensor.buffer = schema.TensorType.INT8, 0
        inputs = [_added(content, main, part) for part in (parts.codes, parts.ancillary)]
        decode = schema.OperatorT(
            opcodeIndex=code, inputs=np.array(inputs, np.int32), outputs=np.array([index], np.int32)
        )
        main.operators.insert(_first_reader(main, index), decode)
    return packed(serialized(content), names=True)


def _operator_code(content: Any) -> int:
    for number, code in enumerate(content.operatorCodes):
        if code.customCode in (DECODE, DECODE.encode()):
            return number
    custom = schema.BuiltinOperator.CUSTOM
    content.operatorCodes.append(
        schema.OperatorCodeT(
            builtinCode=custom, deprecatedBuiltinCode=custom, customCode=DECODE, version=1
        )
    )
    return len(content.operatorCodes) - 1


def _added(content: Any, main: Any, part: bytes) -> int:
    """Add a constant of bytes; return its tensor's number."""
    tensor = schema.TensorT(
        shape=np.array([len(part)], np.int32),
        type=schema.TensorType.UINT8,
        buffer=len(content.buffers),
    )
    content.buffers.append(schema.BufferT(data=np.frombuffer(part, np.uint8)))
    main.tensors.append(tensor)
    return len(main.tensors) - 1


def _first_reader(main: Any, index: int) -> int:
    return next(i for i, operator in enumerate(main.operators) if index in operator.inputs)
