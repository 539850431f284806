"""Kernels that keep shapes, lists or look-up tables besides their operator data.

Follows kernels/{reduce,mirror_pad,concatenation,add_n,gather,decode,...}.cc of the pinned commit.
"""

from collections.abc import Iterable, Mapping

from edgecompress.errors import ModelError
from edgecompress.memory.arena.kernels.dense import output_dimensions
from edgecompress.memory.arena.requests import Kernel, Node, Persistent, Request, Scratch
from edgecompress.memory.arena.structs import Sizes

_NONE: Sizes = (0, 0, 0)
_ADD_N_BYTES, _CUMSUM_BYTES = 40, 36
_LOG_SOFTMAX_BYTES: Sizes = (28, 28, 40)
_EMBEDDING_BYTES: Sizes = (8, 8, 16)
# By the first byte of DECODE's ancillary tensor: look-up table, Huffman, pruning.
# Source: kDcmType* in kernels/decode_state.h.
_DECODE_STATES: Mapping[int, Sizes] = {0: (36, 36, 72), 1: (28, 28, 56), 2: (40, 40, 80)}
_DECODE_PRUNE = 2


def _iterators(node: Node) -> Iterable[Request]:
    """Request what a reduction steps through: one integer per dimension, one per axis."""
    yield Scratch(4 * len(node.need(node.input(0), "input").shape))
    yield Scratch(4 * node.need(node.input(1), "axes").elements)


def _simple_reduction(node: Node) -> Iterable[Request]:
    yield from node.inspect("i0 i1")
    if node.need(node.input(0), "input").type == "INT8":
        yield from node.inspect("o0")


def _mean_or_sum(node: Node) -> Iterable[Request]:
    yield from node.inspect("i0 o0 i1")
    if node.need(node.input(0), "input").type in {"INT8", "INT16"}:
        yield Scratch(4 * node.need(node.output(0), "output").elements)
    yield from _iterators(node)
    yield from _simple_reduction(node)


def _minimum_or_maximum(node: Node) -> Iterable[Request]:
    yield from _simple_reduction(node)
    yield from node.inspect("i0 o0 i1")
    yield from _iterators(node)


def _all(node: Node) -> Iterable[Request]:
    yield from node.inspect("i0 o0 i1")
    yield from _simple_reduction(node)
    yield from _iterators(node)


def _mirror_pad(node: Node) -> Iterable[Request]:
    yield from node.inspect("i0 i1 o0")
    rank = len(node.need(node.input(0), "input").shape)
    yield Scratch(4 * rank)
    yield Scratch(4 * rank)


def _concatenation(node: Node) -> Iterable[Request]:
    yield from node.inspect("i0 o0")
    yield from node.inspect(" ".join(f"i{i}" for i in range(len(node.operator.inputs))))


def _add_n(node: Node) -> Iterable[Request]:
    count = len(node.operator.inputs)
    yield from node.inspect("i0 o0")
    yield from node.inspect(" ".join(f"i{i}" for i in range(1, count)))
    if node.need(node.output(0), "output").type == "INT8":
        yield Persistent(_ADD_N_BYTES)
    yield Scratch(count * node.target.pointer_bytes)


def _cumulative_sum(node: Node) -> Iterable[Request]:
    yield from node.inspect("i0 i1 o0")
    if node.need(node.output(0), "output").type == "INT8":
        yield Persistent(_CUMSUM_BYTES)


def _log_softmax(node: Node) -> Iterable[Request]:
    yield from node.inspect("i0 o0")
    if node.need(node.input(0), "input").type == "INT8":
        yield Persistent(node.target.pick(_LOG_SOFTMAX_BYTES))


def _embedding_lookup(node: Node) -> Iterable[Request]:
    yield from _reshaped_of_two(node)
    yield Persistent(node.target.pick(_EMBEDDING_BYTES))


def _reshaped(node: Node) -> Iterable[Request]:
    yield from node.inspect("i0 o0")
    yield from output_dimensions(node)


def _reshaped_of_two(node: Node) -> Iterable[Request]:
    yield from node.inspect("i0 i1 o0")
    yield from output_dimensions(node)


def _decode(node: Node) -> Iterable[Request]:
    outputs = len(node.operator.outputs)
    yield Persistent(outputs * node.target.pointer_bytes)
    for i in range(outputs):
        yield from node.inspect(f"i{2 * i} i{2 * i + 1} o{i}")
        kind = _decode_kind(node, 2 * i + 1)
        yield Persistent(node.target.pick(_DECODE_STATES[kind]))
        output = node.need(node.output(i), f"output {i}")
        zero_points = output.quantization.zero_points if output.quantization else ()
        if kind == _DECODE_PRUNE and len(zero_points) > 1 and any(zero_points):
            yield Persistent(4 * len(zero_points))


def _decode_kind(node: Node, position: int) -> int:
    ancillary = node.need(node.input(position), f"input {position}").data
    kind = ancillary[0] if ancillary else -1
    if kind not in _DECODE_STATES:
        raise ModelError(
            f"operator {node.operator.index} (DECODE) has an ancillary tensor of type {kind}; "
            "look-up tables (0), Huffman (1) and pruning (2) are known"
        )
    return kind


REFERENCE: Mapping[str, Kernel] = {
    "ADD_N": Kernel(_NONE, _add_n),
    "CONCATENATION": Kernel((24, 24, 80), _concatenation),
    "CUMSUM": Kernel(_NONE, _cumulative_sum),
    "CUSTOM:TFLM_DECODE": Kernel(_NONE, _decode),
    "DEPTH_TO_SPACE": Kernel(_NONE, _reshaped),
    "EMBEDDING_LOOKUP": Kernel(_NONE, _embedding_lookup),
    "GATHER": Kernel(_NONE, _reshaped_of_two),
    "GATHER_ND": Kernel(_NONE, _reshaped_of_two),
    "L2_POOL_2D": Kernel(_NONE, _reshaped),
    "LOG_SOFTMAX": Kernel(_NONE, _log_softmax),
    "MEAN": Kernel((44, 44, 44), _mean_or_sum),
    "MIRROR_PAD": Kernel((20, 20, 20), _mirror_pad),
    "REDUCE_ALL": Kernel((44, 44, 44), _all),
    "REDUCE_MAX": Kernel((44, 44, 44), _minimum_or_maximum),
    "REDUCE_MIN": Kernel((44, 44, 44), _minimum_or_maximum),
    "SPACE_TO_DEPTH": Kernel(_NONE, _reshaped),
    "SUM": Kernel((44, 44, 44), _mean_or_sum),
}
