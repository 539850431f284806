"""The form of TFLM's DECODE operator: what its tensors hold, and whether they hold it.

The kernel trusts what it reads: a table that leads nowhere would be followed out of the model.
Source: kernels/decode.cc and kernels/decode_state*.{h,cc} of TFLM 90b983c2b.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import ModelError
from edgecompress.tflite.graph import Operator, Subgraph, Tensor

DECODE = "TFLM_DECODE"  # custom code of the operator

# The header of an ancillary tensor: kind, version, two zeros, the kind's own version, parameters.
HEADER_BYTES = 16
VERSION = 1
LOOK_UP_TABLE, HUFFMAN, PRUNED = 0, 1, 2
_OWN_VERSION, _PARAMETER, _STRIDE = 4, 5, 6  # places in the header
MOST_INDEX_BITS = 7

# Entries of Huffman tables for int8: found or not, a count of bits, a value or an offset.
FOUND = 0x8000
COUNT_SHIFT = 11
INITIAL_SHIFT = 4  # of the first table's width less one, in the parameter
MOST_TABLE_BITS = 15  # what the count of an entry can say
_WINDOW_BITS = 16  # the widest table
_COUNT_MASK = 0x7800
_OFFSET_FROM = 0x0800  # what is less in an entry is an offset
_WIDE_ENTRIES = 1  # in the parameter: tables of 32 bits an entry, for int16

_ITEM_BYTES = {"INT8": 1, "BOOL": 1, "INT16": 2, "INT32": 4, "FLOAT32": 4, "INT64": 8}
_TYPES = {LOOK_UP_TABLE: _ITEM_BYTES, HUFFMAN: {"INT8": 1, "INT16": 2}, PRUNED: _ITEM_BYTES}


def check_decode(subgraph: Subgraph, operator: Operator) -> None:
    """Check that what a DECODE operator reads can be decoded to what it writes.

    Raises:
        ModelError: a tensor is missing, no constant, too short, or leads out of itself.
    """
    if not operator.outputs or len(operator.inputs) != 2 * len(operator.outputs):
        raise _damaged(operator, "needs two inputs for each output")
    for place, index in enumerate(operator.outputs):
        parts = [
            subgraph.tensors[i].data if i >= 0 else None
            for i in operator.inputs[2 * place : 2 * place + 2]
        ]
        if parts[0] is None or parts[1] is None:
            raise _damaged(operator, "decodes what is no constant")
        problem = _problem(bytes(parts[0]), bytes(parts[1]), subgraph.tensors[index])
        if problem:
            raise _damaged(operator, problem)


def decodes_weights(subgraph: Subgraph, operator: Operator) -> bool:
    """Say whether a sound DECODE writes one tensor as `pack` encodes weights.

    They are int8 with zero points of 0; tables of Huffman have 16 bits an entry; there are as many
    look-up tables as rows or columns, for the kernel to tell them apart.
    """
    output = subgraph.tensors[operator.outputs[0]]
    ancillary = bytes(subgraph.tensors[operator.inputs[1]].data or b"")
    zero_points = output.quantization.zero_points if output.quantization else ()
    if len(operator.outputs) > 1 or output.type != "INT8" or any(zero_points):
        return False
    if ancillary[0] == LOOK_UP_TABLE:
        channels, axis = _channels(output)
        tables = len(ancillary) - HEADER_BYTES
        told_apart = axis == 0 or output.shape[0] != channels
        return told_apart and tables == channels * ancillary[_STRIDE]
    return ancillary[0] == PRUNED or not ancillary[_PARAMETER] & _WIDE_ENTRIES


def _damaged(operator: Operator, what: str) -> ModelError:
    return ModelError(
        f"operator {operator.index} (DECODE) {what}: the file is damaged. Copy it again, or encode "
        "the model again"
    )


def _problem(codes: bytes, ancillary: bytes, output: Tensor) -> str | None:
    """Say why codes do not decode to a tensor; None if they do."""
    problem = _problem_of_header(ancillary) or _problem_of_output(ancillary[0], output)
    if problem:
        return problem
    checks = {LOOK_UP_TABLE: _of_look_up, HUFFMAN: _of_huffman, PRUNED: _of_pruning}
    return checks[ancillary[0]](codes, ancillary, output)


def _problem_of_header(ancillary: bytes) -> str | None:
    if len(ancillary) < HEADER_BYTES:
        return f"has an ancillary tensor of {len(ancillary)} bytes; its header has {HEADER_BYTES}"
    if ancillary[0] not in _TYPES:
        return (
            f"has an ancillary tensor of type {ancillary[0]}; look-up tables (0), Huffman (1) and "
            "pruning (2) are known"
        )
    if ancillary[1] != VERSION or ancillary[_OWN_VERSION] != VERSION:
        return f"is of version {ancillary[1]}.{ancillary[_OWN_VERSION]}; 1.1 is known"
    return None


def _problem_of_output(kind: int, output: Tensor) -> str | None:
    if output.data is not None or output.type not in _TYPES[kind]:
        return f"writes {'a constant' if output.data is not None else output.type}"
    channels, axis = _channels(output)
    axes = {0, len(output.shape) - 1} if channels > 1 else {0}
    if kind != HUFFMAN and axis not in axes:
        return f"writes scales along axis {axis}, which is neither the first nor the last"
    if output.elements == 0 or output.elements % channels:
        return f"writes {output.elements} values for {channels} scales"
    return None


def _channels(output: Tensor) -> tuple[int, int]:
    """Return how many scales the kernel sees, and along which axis."""
    quantization = output.quantization
    if quantization is None or not quantization.zero_points:
        return 1, 0
    return len(quantization.scales), quantization.axis


def _of_look_up(codes: bytes, ancillary: bytes, output: Tensor) -> str | None:
    bits, stride = ancillary[_PARAMETER] & MOST_INDEX_BITS, ancillary[_STRIDE]
    if not bits or len(codes) * 8 < output.elements * bits:
        return f"has {len(codes)} bytes of indices of {bits} bits for {output.elements} values"
    stored = _bits(codes)[: output.elements * bits].reshape(-1, bits)
    indices = stored @ (1 << np.arange(bits)[::-1])
    places = np.arange(output.elements)
    channels, axis = _channels(output)
    channel = places % channels if axis else places // (output.elements // channels)
    entries = (len(ancillary) - HEADER_BYTES) // _ITEM_BYTES[output.type]
    if (channel * stride + indices).max() >= entries:
        return "has indices that lead out of its tables"
    return None


def _of_pruning(codes: bytes, ancillary: bytes, output: Tensor) -> str | None:
    entries = (len(ancillary) - HEADER_BYTES) // _ITEM_BYTES[output.type]
    if len(codes) * 8 < output.elements:
        return f"has {len(codes)} bytes of bits for {output.elements} values"
    kept = int(_bits(codes)[: output.elements].sum())
    return f"keeps {kept} values and stores {entries}" if kept > entries else None


def _of_huffman(codes: bytes, ancillary: bytes, output: Tensor) -> str | None:
    parameter, tables = ancillary[_PARAMETER], ancillary[HEADER_BYTES:]
    wide, first_width = parameter & _WIDE_ENTRIES, (parameter >> INITIAL_SHIFT) + 1
    if not wide and output.type != "INT8":
        return f"has tables of 16 bits for {output.type}"
    shift = 16 if wide else 0
    entries = np.frombuffer(tables, "<u4" if wide else "<u2", len(tables) // (4 if wide else 2))
    steps = _Steps(entries.tolist(), shift, _windows(codes), len(codes) * 8)
    place = 0
    for _value in range(output.elements):
        place = steps.after_code(place, first_width)
        if place < 0:
            return "has codes that lead out of its tables, or more than it stores"
    return None


@dataclass(frozen=True)
class _Steps:
    """Codes of Huffman: tables, the 16 bits that follow each bit, and how many bits there are."""

    entries: Sequence[int]
    shift: int  # of the fields of an entry, to the left
    windows: Sequence[int]
    bits: int

    def after_code(self, place: int, width: int) -> int:
        """Return where the code ends that begins at a bit; -1 if it leads nowhere."""
        base = 0
        while place < self.bits:
            row = base + (self.windows[place] >> _WINDOW_BITS - width)
            if row >= len(self.entries):
                return -1
            entry = self.entries[row]
            count = (entry >> self.shift & _COUNT_MASK) >> COUNT_SHIFT
            if entry >> self.shift & FOUND:
                place += min(width, count)
                return place if place <= self.bits else -1
            place += width
            base, width = row + (entry & (_OFFSET_FROM << self.shift) - 1), count + 1
        return -1


def _bits(codes: bytes) -> NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(codes, np.uint8))


def _windows(codes: bytes) -> Sequence[int]:
    """Return for each bit the 16 bits that begin with it; behind the last are zeros."""
    bits = np.pad(_bits(codes).astype(np.uint32), (0, _WINDOW_BITS - 1))
    size = len(codes) * 8
    found = sum(bits[i : size + i] << _WINDOW_BITS - 1 - i for i in range(_WINDOW_BITS))
    windows: list[int] = np.asarray(found, np.uint32).tolist()
    return windows
