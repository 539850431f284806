"""Operators that pick slices by indices, or put them."""

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.boxes import Box, copied, moved, strides_of
from edgecompress.program.node import Node, values_of
from edgecompress.program.operands import operand
from edgecompress.program.program import Call, Constant, Operand, Step
from edgecompress.tflite.graph import ELEMENT_BYTES, Tensor


def gather(node: Node) -> Sequence[Step]:
    """Return the call for GATHER: a copy, maybe a view, of slices at regular distances."""
    source, indices = node.input(0), node.input(1)
    node.need_type(indices, "INT32")
    axis = int(node.option("axis")) % len(source.shape)
    batch_axes = int(node.option("batch_dims"))
    batch_axes += len(indices.shape) if batch_axes < 0 else 0
    if indices.data is not None and batch_axes == 0:
        picked = values_of(indices).ravel()
        steps = set(np.diff(picked).tolist())
        if len(steps) <= 1 and picked.min() >= 0 and picked.max() < source.shape[axis]:
            step = steps.pop() if steps else 1
            return [_regular(node, source, axis, int(picked[0]), step)]
    shape = source.shape
    parts = shape[:batch_axes], shape[batch_axes:axis], shape[axis + 1 :]
    batches, outer, inner = (prod(part) for part in parts)
    return [_picked(node, operand(indices), (batches, outer, shape[axis]), inner)]


def gather_nd(node: Node) -> Sequence[Call]:
    """Return the call for GATHER_ND; indices of several axes have to be constant."""
    source, indices = node.input(0), node.input(1)
    node.need_type(indices, "INT32")
    axes = indices.shape[-1]
    if axes > 1 and indices.data is None:
        raise node.refuse(f"its indices of {axes} axes are no constant")
    places: Operand = indices.index
    if indices.data is not None:
        flat = values_of(indices).reshape(-1, axes) @ np.array(strides_of(source.shape[:axes]))
        places = _indices(flat)
    slices = prod(source.shape[:axes])
    return [_picked(node, places, (1, 1, slices), prod(source.shape[axes:]))]


def embedding_lookup(node: Node) -> Sequence[Call]:
    """Return the call for EMBEDDING_LOOKUP."""
    indices, source = node.input(0), node.input(1)
    slices, *inner = source.shape
    return [_picked(node, operand(indices), (1, 1, slices), prod(inner), position=1)]


def dynamic_update_slice(node: Node) -> Sequence[Call]:
    """Return the copies for DYNAMIC_UPDATE_SLICE at a constant place."""
    source, update, start = node.input(0), node.input(1), node.input(2)
    target = node.output()
    if start.data is None:
        raise node.refuse("the place of its slice is no constant")
    strides = strides_of(target.shape)
    last = np.subtract(source.shape, update.shape)
    begins = np.clip(values_of(start).ravel(), 0, last).tolist()
    offset = sum(begin * stride for begin, stride in zip(begins, strides, strict=True))
    box = Box(update.shape, strides_of(update.shape), strides, 0, offset)
    whole = Box((source.elements,), (1,), (1,))
    return [copied(node, source, target, whole), copied(node, update, target, box)]


def _regular(node: Node, source: Tensor, axis: int, first: int, step: int) -> Step:
    target = node.output()
    strides = strides_of(source.shape)
    count = node.input(1).elements
    extents = (*source.shape[:axis], count, *source.shape[axis + 1 :])
    from_strides = (*strides[:axis], step * strides[axis], *strides[axis + 1 :])
    box = Box(extents, from_strides, strides_of(extents), first * strides[axis])
    return moved(node, source, target, box)


def _picked(
    node: Node, indices: Operand, shape: tuple[int, int, int], inner: int, *, position: int = 0
) -> Call:
    """Return the call that picks slices of [batches, outer, slices, inner]."""
    source, target = node.input(position), node.output()
    batches, outer, slices = shape
    return Call(
        kernel="gather",
        layer=node.layer,
        fields={
            "batches": batches,
            "outer": outer,
            "slices": slices,
            "count": target.elements // (batches * outer * inner),
            "bytes": int(inner * ELEMENT_BYTES[target.type]),
        },
        inputs=(operand(source), indices),
        outputs=(target.index,),
    )


def _indices(values: NDArray[np.int64]) -> Constant:
    return Constant("indices", "int32_t", values.astype(np.int32))
