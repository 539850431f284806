"""Boxes of values that move from one layout to another, for operators that only move values."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from edgecompress.program.node import Node
from edgecompress.program.operands import operand
from edgecompress.program.program import Call, Operand, State, Step, View
from edgecompress.tflite.graph import ELEMENT_BYTES, Tensor

_AXES = 5  # kEcCopyAxes of templates/c/kernels/copy.h


@dataclass(frozen=True)
class Box:
    """Values at every index below `extents`; offsets and strides count elements."""

    extents: tuple[int, ...]
    from_strides: tuple[int, ...]
    to_strides: tuple[int, ...]
    from_offset: int = 0
    to_offset: int = 0


def strides_of(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides, in elements, of a tensor that lies in one piece."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def moved(node: Node, source: Tensor, target: Tensor, box: Box) -> Step:
    """Return how a box of `source` gets to `target`: a view where it lies in one piece in both."""
    size = int(ELEMENT_BYTES[target.type])
    merged = _merged(box)
    call = copied(node, source, target, box)
    in_one_piece = len(merged.extents) == 0 or (
        len(merged.extents) == 1 and merged.from_strides == merged.to_strides == (1,)
    )
    count = prod(box.extents)
    if not in_one_piece or source.data is not None:
        return call
    if count == target.elements:
        return View(target.index, source.index, box.from_offset * size, call)
    if count == source.elements:
        return View(source.index, target.index, box.to_offset * size, call)
    return call


def copied(node: Node, source: Tensor, target: Tensor, box: Box) -> Call:
    """Return the call that copies a box, also where a view would do: the target is changed."""
    return _copy(node, source, target, _merged(box), int(ELEMENT_BYTES[target.type]))


def repeated(shape: Sequence[int], to: Sequence[int]) -> Box:
    """Return the box of a tensor of one shape, repeated along its axes of one to fill another."""
    full = (1,) * (len(to) - len(shape)) + tuple(shape)
    strides = strides_of(full)
    from_strides = tuple(
        0 if extent == 1 else stride for extent, stride in zip(full, strides, strict=True)
    )
    return Box(tuple(to), from_strides, strides_of(to))


def _copy(node: Node, source: Tensor, target: Tensor, box: Box, size: int) -> Call:
    extents, from_strides, to_strides = (
        list(box.extents),
        list(box.from_strides),
        list(box.to_strides),
    )
    run = 1
    if extents and from_strides[-1] == to_strides[-1] == 1:
        run = extents.pop()
        from_strides.pop()
        to_strides.pop()
    if len(extents) > _AXES:
        raise node.refuse(f"it moves values along {len(extents)} axes; {_AXES} are the most")
    missing = _AXES - len(extents)
    return Call(
        kernel="copy",
        layer=node.layer,
        fields={
            "bytes": run * size,
            "from": box.from_offset * size,
            "to": box.to_offset * size,
            "extents": [1] * missing + extents,
            "from_strides": [0] * missing + [stride * size for stride in from_strides],
            "to_strides": [0] * missing + [stride * size for stride in to_strides],
        },
        inputs=(operand(source),),
        outputs=(target.index,),
    )


def copied_whole(node: Node, source: Tensor | State, target: int | State, size_bytes: int) -> Call:
    """Return the copy of a whole tensor or state."""
    taken: Operand = source if isinstance(source, State) else operand(source)
    none = [0] * _AXES
    return Call(
        kernel="copy",
        layer=node.layer,
        fields={
            "bytes": size_bytes, "from": 0, "to": 0,
            "extents": [1] * _AXES, "from_strides": none, "to_strides": none,
        },
        inputs=(taken,),
        outputs=(target,),
    )  # fmt: skip


def _merged(box: Box) -> Box:
    """Return the same box in fewer axes: those of one value left out, neighbours joined."""
    axes: list[list[int]] = []
    for extent, a, b in zip(box.extents, box.from_strides, box.to_strides, strict=True):
        if extent == 1:
            continue
        if axes and axes[-1][1] == a * extent and axes[-1][2] == b * extent:
            axes[-1] = [axes[-1][0] * extent, a, b]
        else:
            axes.append([extent, a, b])
    extents, from_strides, to_strides = np.array(axes, int).reshape(-1, 3).T.tolist()
    return Box(
        tuple(extents), tuple(from_strides), tuple(to_strides), box.from_offset, box.to_offset
    )
