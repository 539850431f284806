"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.boxes import Box, moved, strides_of
from edgecompress.program.node import Node
from edgecompress.program.program import Call, Constant, Step
from edgecompress.tflite.graph import ELEMENT_BYTES

_ONE = 1 << 10  # fractions of a pixel; kOne of templates/c/kernels/resize_bilinear_s8.c


def nearest(node: Node) -> Sequence[Step]:
    """Return the call for RESIZE_NEAREST_NEIGHBOR; a copy where each pixel is repeated as often."""
    source, target = node.input(0), node.output()
    batch, height, width, channels = source.shape
    sizes = _sizes(node)
    rows, columns = (_nearest(node, source.shape[i], target.shape[i]) for i in (1, 2))
    by_y, by_x = target.shape[1] // height, target.shape[2] // width
    if _is_repeated(rows, by_y) and _is_repeated(columns, by_x):
        n, h, w, c = strides_of(source.shape)
        extents = (batch, height, by_y, width, by_x, channels)
        return [moved(node, source, target, Box(extents, (n, h, 0, w, 0, c), strides_of(extents)))]
    return [
        Call(
            kernel="resize_nearest",
            layer=node.layer,
            fields={
                **sizes,
                "rows": Constant("rows", "int16_t", rows),
                "columns": Constant("columns", "int16_t", columns),
                "bytes": int(channels * ELEMENT_BYTES[source.type]),
            },
            inputs=(source.index,),
            outputs=(target.index,),
        )
    ]


def bilinear(node: Node) -> Sequence[Call]:
    """Return the call for RESIZE_BILINEAR."""
    source, target = node.input(0), node.output()
    node.need_type(source, "INT8")
    sizes = _sizes(node)
    rows, columns = (_between(node, source.shape[i], target.shape[i]) for i in (1, 2))
    return [
        Call(
            kernel="resize_bilinear_s8",
            layer=node.layer,
            fields={
                **sizes,
                "rows": Constant("rows", "int16_t", rows.ravel()),
                "columns": Constant("columns", "int16_t", columns.ravel()),
                "channels": node.int16(source.shape[3], "the number of channels"),
            },
            inputs=(source.index,),
            outputs=(target.index,),
        )
    ]


def _sizes(node: Node) -> dict[str, int]:
    source, target = node.input(0).shape, node.output().shape
    return {
        "batches": source[0],
        "in_height": node.int16(source[1], "the input's height"),
        "in_width": node.int16(source[2], "the input's width"),
        "out_height": node.int16(target[1], "the output's height"),
        "out_width": node.int16(target[2], "the output's width"),
    }


def _nearest(node: Node, size: int, out: int) -> NDArray[np.int16]:
    """Return the place in the input for each in the output, along one axis.

    In float32, halves away from zero where corners are aligned.
    Source: GetNearestNeighbor in tensorflow/lite/kernels/internal/reference/
    resize_nearest_neighbor.h.
    """
    aligned = bool(node.option("align_corners"))
    scale = np.float32(size) / np.float32(out)
    if aligned and out > 1:
        scale = np.float32(size - 1) / np.float32(out - 1)
    offset = np.float32(0.5 if node.option("half_pixel_centers") else 0)
    places = (np.arange(out, dtype=np.float32) + offset) * scale
    whole = np.floor(places.astype(np.float64) + (0.5 if aligned else 0))
    return np.clip(whole, 0, size - 1).astype(np.int16)


def _is_repeated(places: NDArray[np.int16], times: int) -> bool:
    count = int(places[-1]) + 1
    return times * count == len(places) and bool(
        (places == np.repeat(np.arange(count), times)).all()
    )


def _between(node: Node, size: int, out: int) -> NDArray[np.int16]:
    """Return lower place, upper place and the share of the upper in 1/1024, [out, 3].

    Source: ResizeBilinearInteger in tensorflow/lite/kernels/internal/reference/resize_bilinear.h.
    """
    scale = (_ONE * size + out // 2) // out
    if node.option("align_corners") and out > 1:
        scale = (_ONE * (size - 1) + (out - 1) // 2) // (out - 1)
    places = np.arange(out, dtype=np.int64) * scale
    if node.option("half_pixel_centers"):
        places += scale // 2 - _ONE // 2
    lower = np.clip(places // _ONE, 0, size - 1)
    upper = np.clip(-(-places // _ONE), 0, size - 1)
    return np.stack([lower, upper, places - _ONE * lower], axis=-1).astype(np.int16)
