"""Operators with a window on several images, as one operator for each image.

Their kernels have no loop over images, but for that of TRANSPOSE_CONV of int8. Parts of a tensor
along its first axis are views of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from edgecompress.program.node import Node
from edgecompress.tflite.checks.well_formed import computing
from edgecompress.tflite.graph import Graph, Operator, Tensor

# The input that holds the images.
_IMAGES: Mapping[str, int] = {
    "AVERAGE_POOL_2D": 0, "CONV_2D": 0, "DEPTHWISE_CONV_2D": 0, "MAX_POOL_2D": 0,
    "TRANSPOSE_CONV": 2,
}  # fmt: skip
_MOST_IMAGES = 1024  # each is a call in the program


def image_by_image(graph: Graph) -> Graph:
    """Return a graph whose operators with a window have one image each.

    What several images go through becomes SPLIT, an operator for each, and CONCATENATION, all with
    the index of the operator in the model.

    Raises:
        UnsupportedModelError: more images than calls are written for.
    """
    tensors, operators = list(graph.main.tensors), list[Operator]()
    for operator in graph.main.operators:
        with computing(operator):
            operators += _parts(Node(operator, graph.main), tensors)
    main = replace(graph.main, tensors=tuple(tensors), operators=tuple(operators))
    return replace(graph, subgraphs=(main, *graph.subgraphs[1:]))


def _parts(node: Node, tensors: list[Tensor]) -> Iterator[Operator]:
    """Yield an operator, or what becomes of it; add the tensors that this needs."""
    operator = node.operator
    place = _IMAGES.get(operator.op, -1)
    images = tensors[operator.inputs[place]] if place >= 0 else None
    has_loop = operator.op == "TRANSPOSE_CONV" and images is not None and images.type == "INT8"
    if images is None or images.shape[0] == 1 or has_loop:
        yield operator
        return
    if images.shape[0] > _MOST_IMAGES:
        raise node.refuse(f"it works on {images.shape[0]:,} images, one call each; "
                          f"{_MOST_IMAGES:,} are the most")  # fmt: skip
    axis = _axis(tensors)
    sources = _each(images, tensors)
    targets = _each(tensors[operator.outputs[0]], tensors)
    yield replace(operator, op="SPLIT", inputs=(axis, images.index), outputs=sources, options={})
    for source, target in zip(sources, targets, strict=True):
        inputs = (*operator.inputs[:place], source, *operator.inputs[place + 1 :])
        yield replace(operator, inputs=inputs, outputs=(target,))
    yield replace(operator, op="CONCATENATION", inputs=targets, options={"axis": 0})


def _each(whole: Tensor, tensors: list[Tensor]) -> tuple[int, ...]:
    """Add a tensor for each image of one; return their indices."""
    first, count = len(tensors), whole.shape[0]
    shape = (1, *whole.shape[1:])
    tensors += [
        replace(whole, index=first + i, shape=shape, shape_signature=()) for i in range(count)
    ]
    return tuple(range(first, first + count))


def _axis(tensors: list[Tensor]) -> int:
    """Add the constant that says along which axis to split."""
    data = memoryview(np.zeros(1, np.int32).tobytes())
    tensors.append(Tensor(len(tensors), "axis", "INT32", (1,), 0, data))
    return len(tensors) - 1
