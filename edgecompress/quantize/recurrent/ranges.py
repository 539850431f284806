"""Ranges of a calibrated float model whose LSTMs begin anew with each sample, as in Keras.

The converter's own calibration goes on from the state of the sample before, sees the cell state
only as a sequence leaves it, and clips it at 10, which Keras does not.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edgecompress.quantize.calibrated import activation_ranges, with_ranges
from edgecompress.quantize.scales import Range
from edgecompress.quantize.tensor_values import Samples, tensor_values
from edgecompress.tflite.graph import Graph, Operator, Tensor
from edgecompress.tflite.reader import read_model

LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
INPUT_KERNELS, _RECURRENT, _BIASES = slice(1, 5), slice(5, 9), slice(12, 16)  # of its inputs
HIDDEN_STATE, _CELL_STATE = 18, 19
_EFFECTIVE_HIDDEN = 4  # of its intermediates
_CELL_CLIP_FIELD = 6  # offset in the vtable of UnidirectionalSequenceLSTMOptions

# Operators all of whose inputs and outputs have one scale.
_ONE_SCALE = frozenset(
    {
        "CONCATENATION", "GATHER", "MAXIMUM", "MAX_POOL_2D", "MINIMUM", "MIRROR_PAD", "PACK", "PAD",
        "RESHAPE", "SLICE", "SQUEEZE", "STRIDED_SLICE", "TRANSPOSE", "UNPACK",
    }
)  # fmt: skip

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Loop:
    """An LSTM operator, by the tensors whose ranges belong together."""

    operator: Operator
    source: Tensor
    output: Tensor
    cell: Tensor
    hidden: tuple[str, str]  # names of tensors that have the output's scale


def loops_of(graph: Graph) -> list[Loop]:
    """Return the LSTM operators of a calibrated model."""
    tensors = graph.main.tensors
    return [
        Loop(
            operator,
            tensors[operator.inputs[0]],
            tensors[operator.outputs[0]],
            tensors[operator.inputs[_CELL_STATE]],
            (
                tensors[operator.inputs[HIDDEN_STATE]].name,
                tensors[operator.intermediates[_EFFECTIVE_HIDDEN]].name,
            ),
        )
        for operator in graph.main.operators
        if operator.op == LSTM
    ]


def beginning_anew(calibrated: bytes, samples: Samples) -> bytes:
    """Return a calibrated model with the ranges of samples that do not know of each other."""
    loops = loops_of(read_model(calibrated))
    if not loops:
        return calibrated
    calibrated = _without_cell_clip(calibrated)
    names = activation_ranges(calibrated).keys() - carried_names(calibrated)
    found: dict[str, Range] = {}
    sequences: dict[str, list[Values]] = {loop.source.name: [] for loop in loops}
    for values in tensor_values(calibrated, samples, names):
        for name, value in values.items():
            low, high = found.get(name, (np.inf, -np.inf))
            found[name] = min(low, float(value.min())), max(high, float(value.max()))
        for name, seen in sequences.items():
            seen.append(values[name])
    for loop in loops:
        found[loop.cell.name] = _cell_range(loop, read_model(calibrated), sequences)
    return with_ranges(calibrated, in_loops(calibrated, found))


def in_loops(calibrated: bytes, ranges: Mapping[str, Range]) -> dict[str, Range]:
    """Return ranges such that an LSTM's hidden state has that of its output.

    Its kernels write both with one scale. So what must have the output's scale, as the inputs of a
    CONCATENATION, gets one range that holds them all.
    """
    graph = read_model(calibrated)
    chosen = dict(ranges)
    for loop in loops_of(graph):
        group = [name for name in _one_scale(graph, loop.output) if name in chosen]
        lows, highs = zip(*(chosen[name] for name in group), strict=True)
        chosen |= dict.fromkeys([*group, *loop.hidden], (min(lows), max(highs)))
    return chosen


def carried_names(calibrated: bytes) -> set[str]:
    """Return the names of the tensors that belong to LSTMs alone."""
    loops = loops_of(read_model(calibrated))
    return {name for loop in loops for name in (loop.cell.name, *loop.hidden)}


def _one_scale(graph: Graph, tensor: Tensor) -> set[str]:
    """Return the names of the tensors that have one scale with `tensor`, itself among them."""
    tensors = graph.main.tensors
    group = {tensor.name}
    while True:
        joined = set(group)
        for operator in graph.main.operators:
            if operator.op in _ONE_SCALE:
                # Not by way of a constant, as the strides that two STRIDED_SLICE may share.
                ends = {
                    tensors[index].name
                    for index in (*operator.inputs, *operator.outputs)
                    if index >= 0 and tensors[index].data is None
                }
                joined |= ends if ends & group else set()
        if joined == group:
            return group
        group = joined


def _cell_range(loop: Loop, graph: Graph, sequences: Mapping[str, list[Values]]) -> Range:
    """Return the smallest and the largest cell state of all steps, and -1 to 1 at least.

    A finer scale than 2^-15 is one that TFLite's kernel has no tanh for.
    """
    every = np.concatenate(sequences[loop.source.name])
    states = list(_cell_states(loop.operator, graph, every))
    return min(-1.0, *(float(s.min()) for s in states)), max(1.0, *(float(s.max()) for s in states))


def _cell_states(operator: Operator, graph: Graph, sequences: Values) -> Iterator[Values]:
    """Yield the cell states [n, units] after each step of sequences [n, time, features]."""

    def stacked(places: slice) -> Values:
        parts = [graph.main.tensors[index] for index in operator.inputs[places]]
        return np.concatenate([_constant(part) for part in parts])

    kernel, recurrent, bias = stacked(INPUT_KERNELS), stacked(_RECURRENT), stacked(_BIASES)
    hidden = cell = np.zeros((len(sequences), recurrent.shape[1]), np.float32)
    for step in range(sequences.shape[1]):
        sums = sequences[:, step] @ kernel.T + hidden @ recurrent.T + bias
        gates = np.split(sums, 4, axis=1)
        update, forget, out = (_sigmoid(gates[place]) for place in (0, 1, 3))
        cell = forget * cell + update * np.tanh(gates[2])
        hidden = out * np.tanh(cell)
        yield cell


def _sigmoid(values: Values) -> Values:
    result: Values = (0.5 + 0.5 * np.tanh(0.5 * values)).astype(np.float32)
    return result


def _constant(tensor: Tensor) -> Values:
    values: Values = np.frombuffer(tensor.data or b"", np.float32).reshape(tensor.shape)
    return values


def _without_cell_clip(calibrated: bytes) -> bytes:
    edited = bytearray(calibrated)
    subgraph = schema.Model.GetRootAs(edited, 0).Subgraphs(0)
    for loop in loops_of(read_model(calibrated)):
        table: Any = subgraph.Operators(loop.operator.index).BuiltinOptions()
        field = table.Offset(_CELL_CLIP_FIELD)
        if field:
            struct.pack_into("<f", edited, table.Pos + field, 0.0)
    return bytes(edited)
