"""Writes some operators of a .tflite strip by strip, with operators that every runtime has."""

from copy import copy
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgecompress.pack.patches import Patches, Strip
from edgecompress.pack.rewrite import without_plan
from edgecompress.pack.strips import Border
from edgecompress.tflite.pack import content_of, drop_unused_tensors, serialized

_ROWS = 1  # axis
_MOST_JOINED = 10  # kMaxInputNum in tensorflow/lite/micro/kernels/concatenation.cc
_BUILTIN = schema.BuiltinOperator


def with_patches(model: bytes, patches: Patches) -> bytes:
    """Return the model with some operators repeated for each strip of rows.

    A strip is cut out by SLICE, the rows that came out right are cut out likewise, and
    CONCATENATION puts them together. Weights are those of the file, once. A plan is left out.
    """
    content = content_of(without_plan(model))
    main = content.subgraphs[0]
    before, after = main.operators[: patches.start], main.operators[patches.stop :]
    writer = _Writer(content, patches)
    writer.join([writer.strip(strip) for strip in patches.strips], patches.target)
    main.operators = [*before, *writer.operators, *after]
    drop_unused_tensors(content)
    return serialized(content)


class _Writer:
    """The new operators of a content, and what they need in it."""

    def __init__(self, content: Any, patches: Patches) -> None:
        self.content, self.patches = content, patches
        self.main = content.subgraphs[0]
        self.inside = self.main.operators[patches.start : patches.stop]
        self.operators: list[Any] = []
        self._constants: dict[bytes, int] = {}

    def strip(self, strip: Strip) -> int:
        """Write the operators of a strip; return the tensor of its right rows."""
        rows = dict(strip.rows)
        source = rows[self.patches.source]
        tensor_of = {
            self.patches.source: self._cut(self.patches.source, source.first, source.end, 0)
        }
        for operator in self.inside:
            output = int(operator.outputs[0])
            made = rows[output]
            tensor_of[output] = self._tensor(output, made.end - made.first)
            repeated = copy(operator)
            inputs = [tensor_of.get(int(i), int(i)) for i in operator.inputs]
            if self._code(operator) == _BUILTIN.PAD:
                inputs[1] = self._border(operator, rows[int(operator.inputs[0])])
            repeated.inputs = np.array(inputs, np.int32)
            repeated.outputs = np.array([tensor_of[output]], np.int32)
            self.operators.append(repeated)
        made = rows[self.patches.target]
        target = tensor_of[self.patches.target]
        return self._cut(target, strip.first, strip.end, made.first)

    def join(self, pieces: list[int], target: int) -> None:
        """Put pieces together in a tensor; more than a CONCATENATION takes by way of others."""
        while len(pieces) > _MOST_JOINED:
            groups = [pieces[i : i + _MOST_JOINED] for i in range(0, len(pieces), _MOST_JOINED)]
            pieces = [self._together(group) for group in groups]
        self._concatenate(pieces, target)

    def _together(self, pieces: list[int]) -> int:
        if len(pieces) == 1:
            return pieces[0]
        rows = sum(int(self.main.tensors[piece].shape[_ROWS]) for piece in pieces)
        joined = self._tensor(pieces[0], rows)
        self._concatenate(pieces, joined)
        return joined

    def _concatenate(self, pieces: list[int], target: int) -> None:
        options = schema.ConcatenationOptionsT(axis=_ROWS)
        self.add(_BUILTIN.CONCATENATION, pieces, target, "ConcatenationOptions", options)

    def add(
        self, code: int, inputs: list[int], output: int, kind: str = "", options: Any = None
    ) -> None:
        """Add an operator with one output."""
        self.operators.append(
            schema.OperatorT(
                opcodeIndex=self._opcode(code),
                inputs=np.array(inputs, np.int32),
                outputs=np.array([output], np.int32),
                builtinOptionsType=getattr(schema.BuiltinOptions, kind or "SliceOptions"),
                builtinOptions=options or schema.SliceOptionsT(),
            )
        )

    def _cut(self, tensor: int, first: int, end: int, from_row: int) -> int:
        """Return a tensor of the rows `first` to `end`, of one that begins with `from_row`."""
        shape = self.main.tensors[tensor].shape
        if end - first == shape[_ROWS]:
            return tensor
        begin = self._constant([0, first - from_row, 0, 0])
        size = self._constant([1, end - first, int(shape[2]), int(shape[3])])
        piece = self._tensor(tensor, end - first)
        self.add(_BUILTIN.SLICE, [tensor, begin, size], piece)
        return piece

    def _tensor(self, like: int, rows: int) -> int:
        tensor = copy(self.main.tensors[like])
        tensor.shape = np.array(tensor.shape, np.int32)
        tensor.shape[_ROWS] = rows
        tensor.shapeSignature, tensor.name = None, None
        self.main.tensors.append(tensor)
        return len(self.main.tensors) - 1

    def _border(self, operator: Any, rows: Any) -> int:
        """Return the paddings of a strip: rows only where it is at the image's border."""
        tensor = self.main.tensors[int(operator.inputs[1])]
        kind = np.int64 if tensor.type == schema.TensorType.INT64 else np.int32
        values = self.content.buffers[tensor.buffer].data.view(kind).reshape(4, 2)
        height = int(self.main.tensors[int(operator.inputs[0])].shape[_ROWS])
        kept = Border(int(values[1, 0]), int(values[1, 1]), height).kept(rows)
        return self._constant([0, 0, *kept, *map(int, values[2]), 0, 0], (4, 2))

    def _constant(self, values: list[int], shape: tuple[int, ...] = (4,)) -> int:
        data = np.array(values, np.int32).view(np.uint8)
        key = data.tobytes() + bytes(shape)
        if key not in self._constants:
            self.content.buffers.append(schema.BufferT(data=data))
            tensor = schema.TensorT(
                shape=np.array(shape, np.int32), type=schema.TensorType.INT32,
                buffer=len(self.content.buffers) - 1,
            )  # fmt: skip
            self.main.tensors.append(tensor)
            self._constants[key] = len(self.main.tensors) - 1
        return self._constants[key]

    def _code(self, operator: Any) -> int:
        return int(self.content.operatorCodes[operator.opcodeIndex].builtinCode)

    def _opcode(self, code: int) -> int:
        codes = self.content.operatorCodes
        known = [number for number, each in enumerate(codes) if each.builtinCode == code]
        if known:
            return known[0]
        codes.append(
            schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=min(code, 127), version=2)
        )
        return len(codes) - 1
