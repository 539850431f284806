"""How the shapes, options and constants of operators that move values must go together.

Rules as in `relations`. Source: the Prepare functions of tensorflow/lite/kernels.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod

from edgecompress.tflite.checks.case import Case, Rule, Shape, axis_within

_LARGEST_BLOCK = 1 << 15  # kernels keep it in 16 bits


def _concatenation(case: Case) -> Iterator[str]:
    axis, out = case.option("axis"), case.output()
    yield from axis_within(axis, len(out))
    shapes = case.inputs()
    if any(len(shape) != len(out) for shape in shapes):
        yield "joins tensors of other ranks than its output's"
        return
    axis %= len(out)
    if any(_without(shape, axis) != _without(out, axis) for shape in shapes):
        yield f"joins tensors that differ in more than axis {axis}"
    if sum(shape[axis] for shape in shapes) != out[axis]:
        yield f"joins tensors to another length than {out[axis]}"


def _pack(case: Case) -> Iterator[str]:
    yield from _stacked(case.inputs(), case.output(), case.option("axis"))


def _unpack(case: Case) -> Iterator[str]:
    yield from _stacked(case.outputs(), case.shape(0), case.option("axis"))


def _stacked(parts: Sequence[Shape], whole: Shape, axis: int) -> Iterator[str]:
    yield from axis_within(axis, len(whole))
    axis %= len(whole)
    if whole[axis] != len(parts) or any(part != _without(whole, axis) for part in parts):
        yield f"stacks {len(parts)} tensors as {list(whole)} along axis {axis}"


def _split(case: Case) -> Iterator[str]:
    yield from _parts(case, case.shape(1), case.values(0))


def _split_v(case: Case) -> Iterator[str]:
    yield from _parts(case, case.shape(0), case.values(2))


def _parts(case: Case, whole: Shape, axes: list[int] | None) -> Iterator[str]:
    if not axes:
        yield "is not told an axis"
        return
    yield from axis_within(axes[0], len(whole))
    axis, parts = axes[0] % len(whole), case.outputs()
    if any(len(part) != len(whole) for part in parts):
        yield "splits a tensor into such of other ranks"
    elif sum(part[axis] for part in parts) != whole[axis] or any(
        _without(part, axis) != _without(whole, axis) for part in parts
    ):
        yield f"splits {list(whole)} into tensors that do not make it up"


def _without(shape: Shape, axis: int) -> Shape:
    return shape[:axis] + shape[axis + 1 :]


def _pad(case: Case) -> Iterator[str]:
    shape, pads = case.shape(0), case.values(1)
    if pads is None:
        return
    if len(pads) != 2 * len(shape) or min(pads, default=0) < 0:
        yield f"pads {len(shape)} axes by {pads}"
    elif case.output() != tuple(
        size + before + after
        for size, before, after in zip(shape, pads[::2], pads[1::2], strict=True)
    ):
        yield f"makes {list(case.output())} of {list(shape)} padded by {pads}"


def _slice(case: Case) -> Iterator[str]:
    shape, begins, out = case.shape(0), case.values(1), case.output()
    if len(out) != len(shape):
        yield f"takes {list(out)} out of {list(shape)}"
    elif begins is not None and (
        len(begins) != len(shape)
        or any(not 0 <= b <= s - o for b, s, o in zip(begins, shape, out, strict=True))
    ):
        yield f"takes {list(out)} out of {list(shape)} from {begins}"


def _strided_slice(case: Case) -> Iterator[str]:
    shape, out = case.shape(0), case.output()
    if prod(out) > prod(shape):
        yield f"takes {list(out)} out of {list(shape)}"
    for place in (1, 2, 3):
        values = case.values(place)
        if values is not None and not 0 < len(values) <= len(shape):
            yield f"slices {len(shape)} axes by {values}"
        elif place == 3 and values is not None and 0 in values:  # noqa: PLR2004 - the strides
            yield f"has strides of {values}"


def _blocks(case: Case) -> Iterator[str]:
    """Check SPACE_TO_DEPTH and DEPTH_TO_SPACE."""
    block = case.option("block_size")
    deep, wide = case.shape(0), case.output()
    if case.operator.op == "SPACE_TO_DEPTH":
        deep, wide = wide, deep
    if not 0 < block < _LARGEST_BLOCK:
        yield f"has blocks of {block}"
    elif wide != (deep[0], deep[1] * block, deep[2] * block, deep[3] // block**2):
        yield f"makes {list(case.output())} of {list(case.shape(0))} by blocks of {block}"


def _batches(case: Case) -> Iterator[str]:
    """Check SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND."""
    blocks, borders = case.values(1), case.values(2)
    if blocks is None or borders is None:
        return
    if len(borders) != 2 * len(blocks) or min(borders, default=0) < 0:
        yield f"has borders of {borders} for {len(blocks)} axes"
    elif not blocks or min(blocks) < 1 or len(blocks) >= len(case.shape(0)):
        yield f"has blocks of {blocks}"
    elif case.operator.op == "BATCH_TO_SPACE_ND":
        yield from _cut(case.shape(0), case.output(), blocks, borders)
    else:
        yield from _cut(case.output(), case.shape(0), blocks, borders)


def _cut(small: Shape, wide: Shape, blocks: Sequence[int], borders: Sequence[int]) -> Iterator[str]:
    axes = range(1, len(blocks) + 1)
    tall = [small[a] * b for a, b in zip(axes, blocks, strict=True)]
    whole = [
        wide[a] + borders[2 * a - 2] + borders[2 * a - 1] if len(wide) > a else -1 for a in axes
    ]
    if whole != tall or small[0] != wide[0] * prod(blocks) or len(small) != len(wide):
        yield f"puts {list(wide)} into blocks as {list(small)}"


def _resize(case: Case) -> Iterator[str]:
    image, out = case.shape(0), case.output()
    if (image[0], image[3]) != (out[0], out[3]) or prod(case.shape(1)) != 2:  # noqa: PLR2004
        yield f"makes {list(out)} of {list(image)}"


def _update(case: Case) -> Iterator[str]:
    whole, part = case.shape(0), case.shape(1)
    fits = len(part) == len(whole) and all(p <= w for p, w in zip(part, whole, strict=True))
    if not fits or prod(case.shape(2)) != len(whole) or case.output() != whole:
        yield f"puts {list(part)} into {list(whole)}"


RULES: Mapping[str, Sequence[Rule]] = {
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), (_pad,)),
    **dict.fromkeys(("SPACE_TO_DEPTH", "DEPTH_TO_SPACE"), (_blocks,)),
    **dict.fromkeys(("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"), (_batches,)),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), (_resize,)),
    "CONCATENATION": (_concatenation,),
    "DYNAMIC_UPDATE_SLICE": (_update,),
    "PACK": (_pack,),
    "SLICE": (_slice,),
    "SPLIT": (_split,),
    "SPLIT_V": (_split_v,),
    "STRIDED_SLICE": (_strided_slice,),
    "UNPACK": (_unpack,),
}
