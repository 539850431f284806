"""Operators that move values and compute nothing: of int8, or of any type."""

from collections.abc import Sequence
from itertools import accumulate, product

import numpy as np

from edgecompress.program.boxes import Box, copied, moved, repeated, strides_of
from edgecompress.program.node import Node, values_of, zero_point_of
from edgecompress.program.program import Call, Step, View
from edgecompress.tflite.graph import Tensor

Strides = tuple[int, ...]


def reshape(node: Node) -> Sequence[Step]:
    """Return the view for RESHAPE, SQUEEZE and EXPAND_DIMS."""
    source, target = node.input(0), node.output()
    return [moved(node, source, target, Box((target.elements,), (1,), (1,)))]


def transpose(node: Node) -> Sequence[Step]:
    """Return the copy for TRANSPOSE."""
    source, target = node.input(0), node.output()
    order = values_of(node.input(1)).ravel().tolist()
    strides = strides_of(source.shape)
    box = Box(target.shape, tuple(strides[axis] for axis in order), strides_of(target.shape))
    return [moved(node, source, target, box)]


def concatenation(node: Node) -> Sequence[Step]:
    """Return a view or a copy for each input of CONCATENATION."""
    if node.option("fused_activation_function", "NONE") != "NONE":
        raise node.refuse("it has a fused activation")
    target = node.output()
    axis = int(node.option("axis")) % len(target.shape)
    strides = strides_of(target.shape)
    begins = accumulate((source.shape[axis] for source in _inputs(node)), initial=0)
    return _put_together(node, strides, [begin * strides[axis] for begin in begins])


def pack(node: Node) -> Sequence[Step]:
    """Return a view or a copy for each input of PACK."""
    stride, others = _without(int(node.option("axis")), node.output())
    return _put_together(node, others, [place * stride for place in range(len(_inputs(node)))])


def unpack(node: Node) -> Sequence[Step]:
    """Return a view or a copy for each output of UNPACK."""
    source = node.input(0)
    stride, others = _without(int(node.option("axis")), source)
    count = len(node.operator.outputs)
    return _taken_apart(node, source, others, [place * stride for place in range(count)])


def split(node: Node) -> Sequence[Step]:
    """Return a view or a copy for each output of SPLIT."""
    return _parts(node, node.input(1), int(values_of(node.input(0)).ravel()[0]))


def split_v(node: Node) -> Sequence[Step]:
    """Return a view or a copy for each output of SPLIT_V."""
    return _parts(node, node.input(0), int(values_of(node.input(2)).ravel()[0]))


def _parts(node: Node, source: Tensor, axis: int) -> Sequence[Step]:
    axis %= len(source.shape)
    strides = strides_of(source.shape)
    begins = accumulate((target.shape[axis] for target in _outputs(node)), initial=0)
    return _taken_apart(node, source, strides, [begin * strides[axis] for begin in begins])


def _put_together(node: Node, strides: Strides, offsets: Sequence[int]) -> Sequence[Step]:
    """Return how each input gets to its offset in the output, whose strides are given."""
    target = node.output()
    return [
        moved(node, source, target, Box(source.shape, strides_of(source.shape), strides, 0, offset))
        for source, offset in zip(_inputs(node), offsets, strict=False)
    ]


def _taken_apart(
    node: Node, source: Tensor, strides: Strides, offsets: Sequence[int]
) -> Sequence[Step]:
    """Return how each output comes from its offset in a source, whose strides are given."""
    return [
        moved(node, source, target, Box(target.shape, strides, strides_of(target.shape), offset))
        for target, offset in zip(_outputs(node), offsets, strict=False)
    ]


def _without(axis: int, tensor: Tensor) -> tuple[int, Strides]:
    """Return the stride of an axis, and those of all others."""
    strides = strides_of(tensor.shape)
    axis %= len(strides)
    return strides[axis], strides[:axis] + strides[axis + 1 :]


def _inputs(node: Node) -> list[Tensor]:
    return [node.input(i) for i in range(len(node.operator.inputs))]


def _outputs(node: Node) -> list[Tensor]:
    return [node.output(i) for i in range(len(node.operator.outputs))]


def slice_(node: Node) -> Sequence[Step]:
    """Return the view or the copy for SLICE."""
    source, target = node.input(0), node.output()
    begins = values_of(node.input(1)).ravel().tolist()
    strides = strides_of(source.shape)
    offset = sum(begin * stride for begin, stride in zip(begins, strides, strict=True))
    return [
        moved(node, source, target, Box(target.shape, strides, strides_of(target.shape), offset))
    ]


def strided_slice(node: Node) -> Sequence[Step]:
    """Return the view or the copy for STRIDED_SLICE."""
    if node.option("ellipsis_mask") or node.option("new_axis_mask"):
        raise node.refuse("its slice has an ellipsis or a new axis")
    source, target = node.input(0), node.output()
    begins, ends, steps = (values_of(node.input(i)).ravel().tolist() for i in (1, 2, 3))
    strides = strides_of(source.shape)
    offset, extents, from_strides = 0, [], []
    for axis, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
        places = range(source.shape[axis])[
            slice(
                None if _bit(node, "begin_mask", axis) else begin,
                begin + 1 or None
                if _bit(node, "shrink_axis_mask", axis)
                else (None if _bit(node, "end_mask", axis) else end),
                1 if _bit(node, "shrink_axis_mask", axis) else step,
            )
        ]
        offset += places[0] * strides[axis]
        extents.append(len(places))
        from_strides.append(places.step * strides[axis])
    extents_left = tuple(extents)
    return [
        moved(node, source, target,
              Box(extents_left, tuple(from_strides), strides_of(extents_left), offset))
    ]  # fmt: skip


def _bit(node: Node, mask: str, axis: int) -> bool:
    return bool(int(node.option(mask)) >> axis & 1)


def pad(node: Node) -> Sequence[Step]:
    """Return the steps for PAD and PADV2: fill the output, then copy the input into it.

    An input that lies in one piece there is a view, and only what is around it is filled.
    """
    source, target = node.input(0), node.output()
    node.need_type(source, "INT8", "INT16")
    before = values_of(node.input(1)).reshape(-1, 2)[:, 0].tolist()
    strides = strides_of(target.shape)
    offset = sum(count * stride for count, stride in zip(before, strides, strict=True))
    given = node.optional(2)
    value = None if given is None else int(values_of(given).ravel()[0])
    box = Box(source.shape, strides_of(source.shape), strides, 0, offset)
    inside = moved(node, source, target, box)
    if not isinstance(inside, View):
        return [filled(node, value), copied(node, source, target, box)]
    end = offset + source.elements
    borders = [(0, offset), (end, target.elements - end)]
    return [inside, *(filled(node, value, *border) for border in borders if border[1])]


def filled(node: Node, value: int | None = None, first: int = 0, count: int = 0) -> Call:
    """Return the call that fills an output, with its zero point if with nothing else.

    Args:
        node: the operator.
        value: what to fill it with.
        first: the first element to fill.
        count: how many elements to fill; 0 for all.
    """
    target = node.output()
    return Call(
        kernel="fill",
        layer=node.layer,
        fields={
            "first": first,
            "count": count or target.elements,
            "value": zero_point_of(target) if value is None else value,
            "is_wide": int(target.type == "INT16"),
        },
        inputs=(),
        outputs=(target.index,),
    )


def mirror_pad(node: Node) -> Sequence[Step]:
    """Return a copy for each side and corner of MIRROR_PAD, and one for the middle."""
    source, target = node.input(0), node.output()
    paddings = values_of(node.input(1)).reshape(-1, 2).tolist()
    skipped = 0 if node.option("mode") == 1 else 1  # SYMMETRIC repeats the edge itself
    from_strides, to_strides = strides_of(source.shape), strides_of(target.shape)
    ranges = [
        _mirrored(size, before, after, skipped)
        for size, (before, after) in zip(source.shape, paddings, strict=True)
    ]
    steps: list[Step] = []
    for parts in product(*ranges):
        offset = sum(first * s for (first, _, _, _), s in zip(parts, from_strides, strict=True))
        to = sum(place * s for (_, _, _, place), s in zip(parts, to_strides, strict=True))
        strides = tuple(step * s for (_, step, _, _), s in zip(parts, from_strides, strict=True))
        extents = tuple(extent for _, _, extent, _ in parts)
        steps.append(copied(node, source, target, Box(extents, strides, to_strides, offset, to)))
    return steps


def _mirrored(size: int, before: int, after: int, skipped: int) -> list[tuple[int, int, int, int]]:
    """Return (first source place, step, extent, target place) of the parts of one axis."""
    parts = [
        (before - 1 + skipped, -1, before, 0),
        (0, 1, size, before),
        (size - 1 - skipped, -1, after, before + size),
    ]
    return [part for part in parts if part[2]]


def reverse(node: Node) -> Sequence[Step]:
    """Return the copy for REVERSE_V2."""
    source, target = node.input(0), node.output()
    axes = {int(axis) % len(source.shape) for axis in values_of(node.input(1)).ravel()}
    strides = strides_of(source.shape)
    signs = [-1 if axis in axes else 1 for axis in range(len(strides))]
    offset = sum((source.shape[axis] - 1) * strides[axis] for axis in axes)
    turned = tuple(np.multiply(signs, strides).tolist())
    return [moved(node, source, target, Box(target.shape, turned, strides, offset))]


def broadcast_to(node: Node) -> Sequence[Step]:
    """Return the copy for BROADCAST_TO."""
    source, target = node.input(0), node.output()
    return [moved(node, source, target, repeated(source.shape, target.shape))]


def space_to_depth(node: Node) -> Sequence[Step]:
    """Return the copy for SPACE_TO_DEPTH."""
    source, target = node.input(0), node.output()
    return [_blocks(node, source, target, target.shape, "to_depth")]


def depth_to_space(node: Node) -> Sequence[Step]:
    """Return the copy for DEPTH_TO_SPACE."""
    source, target = node.input(0), node.output()
    return [_blocks(node, source, target, source.shape, "to_space")]


def _blocks(
    node: Node, source: Tensor, target: Tensor, deep: tuple[int, ...], direction: str
) -> Step:
    """Return the copy between [n, h, w, block^2 c] and [n, h block, w block, c]."""
    block = int(node.option("block_size"))
    batch, height, width, depth = deep
    channels = depth // block**2
    # Axes n, h, block row, w, block column, c.
    extents = (batch, height, block, width, block, channels)
    wide = strides_of((batch, height, block, width, block, channels))
    n, h, w, by, bx, c = strides_of((batch, height, width, block, block, channels))
    packed = (n, h, by, w, bx, c)
    pair = (wide, packed) if direction == "to_depth" else (packed, wide)
    return moved(node, source, target, Box(extents, *pair))
