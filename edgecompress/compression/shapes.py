"""The int8 graph of any channel widths, without converting each: learnt from one probe per group.

Every dimension of every tensor of a .tflite grows linearly with each group's width (a Flatten with
a factor, a Concatenate as a sum). One real conversion with that group one step narrower gives the
slopes; after that a candidate costs microseconds, and the memory model can judge thousands.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from edgecompress.compression.widths import Widths, grid_step
from edgecompress.tflite.graph import Graph, Quantization, Tensor
from edgecompress.tflite.reader import read_model

_log = logging.getLogger(__name__)

# A per-channel tensor stores a float32 scale and an int64 zero point for each channel.
# Source: QuantizationParameters in tensorflow/compiler/mlir/lite/schema/schema.fbs.
_CHANNEL_QUANTIZATION_BYTES = 12

# (tensor, dimension) -> elements gained for each channel.
Slopes = Mapping[tuple[int, int], float]


@dataclass(frozen=True)
class ShapeModel:
    """A converted graph and how its shapes follow the width of each group."""

    graph: Graph
    full: Widths
    slopes: Mapping[str, Slopes]


def learn_shapes(
    full: Widths, convert: Callable[[Widths], bytes], *, multiple: int
) -> tuple[ShapeModel, tuple[str, ...]]:
    """Convert the model once at full width and once for each group, and learn the slopes.

    Returns:
        The shape model, and the groups left out of it because narrowing them changed the
        operators the converter makes: those must keep their width.
    """
    graph = read_model(convert(full))
    slopes: dict[str, Slopes] = {}
    for name, size in full.items():
        step = grid_step(size, multiple)
        if step < size:
            probe = read_model(convert({**full, name: size - step}))
            if _same_operators(graph, probe):
                slopes[name] = _slopes(graph, probe, step)
    left_out = tuple(name for name in full if name not in slopes)
    return ShapeModel(graph, {name: full[name] for name in slopes}, slopes), left_out


def graph_at(model: ShapeModel, widths: Widths) -> Graph:
    """Return the graph as it would be converted at `widths`; its weights are not to be used.

    `size_bytes` is exact but for the alignment of the constants, up to 16 bytes for each.
    """
    change: dict[tuple[int, int], float] = {}
    for name, slopes in model.slopes.items():
        for place, slope in slopes.items():
            change[place] = change.get(place, 0.0) + slope * (widths[name] - model.full[name])
    main = model.graph.main
    tensors = tuple(_resized(tensor, change) for tensor in main.tensors)
    grown = sum(
        _stored_bytes(new) - _stored_bytes(old)
        for old, new in zip(main.tensors, tensors, strict=True)
    )
    return replace(
        model.graph,
        size_bytes=model.graph.size_bytes + grown,
        subgraphs=(replace(main, tensors=tensors), *model.graph.subgraphs[1:]),
    )


def _same_operators(one: Graph, other: Graph) -> bool:
    return len(one.main.tensors) == len(other.main.tensors) and [
        (operator.op, operator.inputs, operator.outputs) for operator in one.main.operators
    ] == [(operator.op, operator.inputs, operator.outputs) for operator in other.main.operators]


def _slopes(graph: Graph, probe: Graph, step: int) -> Slopes:
    return {
        (tensor.index, axis): (size - narrow) / step
        for tensor, probed in zip(graph.main.tensors, probe.main.tensors, strict=True)
        for axis, (size, narrow) in enumerate(zip(tensor.shape, probed.shape, strict=True))
        if size != narrow
    }


def _resized(tensor: Tensor, change: Mapping[tuple[int, int], float]) -> Tensor:
    shape = tuple(
        size + round(change.get((tensor.index, axis), 0.0))
        for axis, size in enumerate(tensor.shape)
    )
    if shape == tensor.shape:
        return tensor
    quantization = tensor.quantization
    if quantization is not None and len(quantization.scales) > 1:
        quantization = _first(quantization, shape[quantization.axis])
    return replace(tensor, shape=shape, quantization=quantization)


def _first(quantization: Quantization, channels: int) -> Quantization:
    return replace(
        quantization,
        scales=quantization.scales[:channels],
        zero_points=quantization.zero_points[:channels],
    )


def _stored_bytes(tensor: Tensor) -> int:
    """Bytes a tensor takes in the file: its values, if constant, and its channels' scales."""
    if tensor.data is None:
        return 0
    channels = len(tensor.quantization.scales) if tensor.quantization else 0
    return tensor.size_bytes + channels * _CHANNEL_QUANTIZATION_BYTES
