"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: pixels that become batches, and back."""

from collections.abc import Sequence
from itertools import product

from edgecompress.program.boxes import Box, copied, strides_of
from edgecompress.program.node import Node, values_of
from edgecompress.program.operators.movement import filled
from edgecompress.program.program import Call

_Part = tuple[int, int, int]  # of an axis: first place in the blocks, in the image, how many


def space_to_batch(node: Node) -> Sequence[Call]:
    """Return the calls for SPACE_TO_BATCH_ND: fill the output, then a copy for each batch.

    It is filled with the zero point, as TFLite does; TFLM's kernel leaves open what it fills with
    (kernels/space_to_batch_nd.cc never sets the offset that it passes on).
    """
    copies = _copies(node, to_batch=True)
    is_whole = node.input(0).elements == node.output().elements
    return copies if is_whole else [filled(node), *copies]


def batch_to_space(node: Node) -> Sequence[Call]:
    """Return the copies for BATCH_TO_SPACE_ND, one for each batch."""
    return _copies(node, to_batch=False)


def _copies(node: Node, *, to_batch: bool) -> list[Call]:
    source, target = node.input(0), node.output()
    blocks = values_of(node.input(1)).ravel().tolist()
    befores = values_of(node.input(2)).reshape(-1, 2)[:, 0].tolist()
    deep, image = (target, source) if to_batch else (source, target)
    batch = image.shape[0]
    count = len(blocks)
    deep_strides, image_strides = strides_of(deep.shape), strides_of(image.shape)
    steps = [s * b for s, b in zip(image_strides[1 : count + 1], blocks, strict=True)]
    wide = (image_strides[0], *steps, *image_strides[count + 1 :])
    calls = []
    for number, phases in enumerate(product(*(range(block) for block in blocks))):
        parts = [
            _part(*sizes)
            for sizes in zip(phases, blocks, befores, deep.shape[1:], image.shape[1:], strict=False)
        ]
        if any(extent <= 0 for _, _, extent in parts):
            continue
        extents = (batch, *(extent for _, _, extent in parts), *image.shape[count + 1 :])
        inner = sum(p[0] * s for p, s in zip(parts, deep_strides[1:], strict=False))
        outer = sum(p[1] * s for p, s in zip(parts, image_strides[1:], strict=False))
        inner += number * batch * deep_strides[0]
        box = (
            Box(extents, wide, deep_strides, outer, inner)
            if to_batch
            else Box(extents, deep_strides, wide, inner, outer)
        )
        calls.append(copied(node, source, target, box))
    return calls


def _part(phase: int, block: int, before: int, deep: int, image: int) -> _Part:
    """Return which places of one axis a phase of the blocks shares with the image."""
    first = max(-(-(before - phase) // block), 0)
    last = min((image - 1 + before - phase) // block, deep - 1)
    return first, first * block + phase - before, last - first + 1
