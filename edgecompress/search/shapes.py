"""The int8 graph of any channel widths, without converting each: learnt from one probe per group.

Every dimension of every tensor of a .tflite grows linearly with each group's width (a Flatten with
a factor, a Concatenate as a sum). One real conversion with that group one step narrower gives the
slopes; after that a candidate costs microseconds, and the memory model can judge thousands.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from edgecompress.progress import doing
from edgecompress.prune.widths import Widths, grid_step
from edgecompress.tflite.graph import Graph, Quantization, Tensor
from edgecompress.tflite.pack import ALIGNMENT_BYTES
from edgecompress.tflite.reader import read_model

_log = logging.getLogger(__name__)

_LENGTH_BYTES = 4  # of the count before the elements of a vector
_ZERO_POINT_BYTES = 8

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
    graph = in_order(read_model(convert(full)))
    slopes: dict[str, Slopes] = {}
    with doing("learning how sizes change with each layer's channels") as tell:
        for number, (name, size) in enumerate(full.items()):
            step = grid_step(size, multiple)
            if step < size:
                probe = in_order(read_model(convert({**full, name: size - step})))
                if _same_operators(graph, probe):
                    slopes[name] = _slopes(graph, probe, step)
            tell((number + 1) / len(full))
    left_out = tuple(name for name in full if name not in slopes)
    return ShapeModel(graph, {name: full[name] for name in slopes}, slopes), left_out


def graph_at(model: ShapeModel, widths: Widths) -> Graph:
    """Return the graph as it would be converted at `widths`; its weights are not to be used.

    `size_bytes` is that of the packed file, within some alignments: 16 bytes, and 4 for each
    number of channels.
    """
    change: dict[tuple[int, int], float] = {}
    for name, slopes in model.slopes.items():
        for place, slope in slopes.items():
            change[place] = change.get(place, 0.0) + slope * (widths[name] - model.full[name])
    main = model.graph.main
    tensors = tuple(_resized(tensor, change) for tensor in main.tensors)
    grown = _stored_bytes(tensors) - _stored_bytes(main.tensors)
    return replace(
        model.graph,
        size_bytes=-(-(model.graph.size_bytes + grown) // ALIGNMENT_BYTES) * ALIGNMENT_BYTES,
        subgraphs=(replace(main, tensors=tensors), *model.graph.subgraphs[1:]),
    )


def in_order(graph: Graph) -> Graph:
    """Return the graph with its tensors numbered as its operators use them.

    The converter numbers constants in an order of its own, which changes with their sizes.
    """
    main = graph.main
    touched = [index for op in main.operators for index in (*op.inputs, *op.outputs)]
    order = dict.fromkeys((*main.inputs, *touched, *range(len(main.tensors))))
    old_numbers = [index for index in order if index >= 0]
    number = {old: new for new, old in enumerate(old_numbers)} | {-1: -1}

    def renumbered(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(number[index] for index in indices)

    ordered = replace(
        main,
        tensors=tuple(replace(main.tensors[old], index=number[old]) for old in old_numbers),
        operators=tuple(
            replace(
                op,
                inputs=renumbered(op.inputs),
                outputs=renumbered(op.outputs),
                intermediates=renumbered(op.intermediates),
            )
            for op in main.operators
        ),
        inputs=renumbered(main.inputs),
        outputs=renumbered(main.outputs),
    )
    return replace(graph, subgraphs=(ordered, *graph.subgraphs[1:]))


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


def _stored_bytes(tensors: Sequence[Tensor]) -> int:
    """Return the bytes of a packed file that depend on shapes; what is equal is there once."""
    end = 0
    for _, size in sorted({(t.buffer, t.size_bytes) for t in tensors if t.data is not None}):
        end = -(-(end + size) // ALIGNMENT_BYTES) * ALIGNMENT_BYTES + _LENGTH_BYTES
    scales = {t.quantization.scales for t in tensors if t.quantization is not None}
    return (
        end
        + sum(_LENGTH_BYTES * (1 + len(shape)) for shape in {t.shape for t in tensors})
        + sum(_LENGTH_BYTES * (1 + len(vector)) for vector in scales)
        + sum(_LENGTH_BYTES + _ZERO_POINT_BYTES * count for count in {len(v) for v in scales})
    )
