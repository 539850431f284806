"""SVDF and unidirectional LSTM. Follows kernels/{svdf,unidirectional_sequence_lstm}*.cc."""

from collections.abc import Iterable, Mapping

from edgecompress.memory.arena.kernels import cmsis_nn
from edgecompress.memory.arena.kernels.convolution import per_channel
from edgecompress.memory.arena.kernels.dense import gate_channels
from edgecompress.memory.arena.requests import Kernel, Node, Persistent, Request, Scratch
from edgecompress.tflite.graph import ELEMENT_BYTES

_LSTM_TENSORS = " ".join(f"i{i}" for i in range(24)) + " o0"
_GATES = 4
_OUTPUT_STATE, _CELL_STATE = 18, 19


def _svdf_reference(node: Node) -> Iterable[Request]:
    state = node.need(node.input(0), "input")
    filters = node.need(node.input(1), "feature weights").shape[0]
    batch, rank = state.shape[0], int(node.operator.options.get("rank", 1))
    yield from node.inspect("i0 i1 i2 i3 i4 o0")
    yield Scratch(batch * filters * 4)
    if state.type == "INT8":
        yield Scratch(batch * (filters // rank) * 4)


def _svdf_cmsis(node: Node) -> Iterable[Request]:
    yield from _svdf_reference(node)
    if node.need(node.input(0), "input").type == "INT8":
        filters = node.need(node.input(1), "feature weights").shape[0]
        sums = cmsis_nn.kernel_sums_s8(node.target.simd, filters)
        if sums:
            yield Persistent(sums)


def _lstm_gates(node: Node) -> Iterable[Request]:
    """Inspect all tensors; a gate with per-channel weights keeps multipliers for each of them."""
    yield from node.inspect(_LSTM_TENSORS)
    cell = node.need(node.input(_CELL_STATE), "cell state")
    if cell.type == "FLOAT32":
        return
    state = node.need(node.input(0), "input")
    for gate in (2, 1, 3, 4):
        for position in (gate, gate + _GATES):
            weights = node.need(node.input(position), f"input {position}")
            if channels := gate_channels(state, weights):
                yield from per_channel(channels)


def _lstm_buffers(node: Node, count: int) -> Iterable[Request]:
    sequence = node.need(node.input(0), "input")
    hidden = node.need(node.input(_OUTPUT_STATE), "output state")
    cell = node.need(node.input(_CELL_STATE), "cell state")
    batch = sequence.shape[1 if node.operator.options.get("time_major") else 0]
    size = batch * hidden.shape[1] * int(ELEMENT_BYTES[cell.type])
    for _ in range(count):
        yield Scratch(size)


def _lstm_reference(node: Node) -> Iterable[Request]:
    yield from _lstm_gates(node)
    yield from _lstm_buffers(node, 4)


def _lstm_cmsis(node: Node) -> Iterable[Request]:
    yield from _lstm_gates(node)
    sequence = node.need(node.input(0), "input")
    cell = node.need(node.input(_CELL_STATE), "cell state")
    if cell.type == "FLOAT32":
        yield from _lstm_buffers(node, 4)
        return
    # Sums of each gate's weights, for the input and for the hidden state, with the bias's type.
    units = node.need(node.input(_OUTPUT_STATE), "output state").shape[1]
    for _ in range(2 * _GATES):
        yield Persistent(units * (4 if sequence.type == "INT8" else 8))
    yield from _lstm_buffers(node, 3)


REFERENCE: Mapping[str, Kernel] = {
    "SVDF": Kernel((36, 36, 36), _svdf_reference),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Kernel((688, 688, 688), _lstm_reference),
}
CMSIS_NN: Mapping[str, Kernel] = {
    "SVDF": Kernel((40, 40, 40), _svdf_cmsis),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Kernel((912, 912, 912), _lstm_cmsis),
}
