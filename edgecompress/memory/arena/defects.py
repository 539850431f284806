"""Layers that a kernel library is known to compute wrongly: the arena fits, the answer does not.

Found by running tiny models on emulated Cortex-M3, M4F and M55 with CMSIS-NN 4ab83cc3 (GCC 12.2)
and comparing their outputs with those of TFLM's reference kernels on an emulated Cortex-M0+.
"""

from collections.abc import Callable, Iterator, Mapping

from edgecompress.memory.arena.kernels.cmsis_nn import (
    depthwise_s8_is_bounded,
    runs_in_one_row,
    transpose_runs_as_convolution,
)
from edgecompress.memory.arena.kernels.convolution import operator_window, transposed_window
from edgecompress.memory.arena.target import Target
from edgecompress.tflite.graph import Graph, Operator, Tensor

Inputs = tuple[Tensor | None, ...]
Rule = Callable[[Operator, Inputs, Tensor, Target], str | None]


def known_defects(graph: Graph, target: Target) -> tuple[str, ...]:
    """Return what is known to go wrong in this model's layers, one sentence each."""
    return tuple(_defects(graph, target)) if target.kernels == "cmsis-nn" else ()


def _defects(graph: Graph, target: Target) -> Iterator[str]:
    for subgraph in graph.subgraphs:
        for operator in subgraph.operators:
            rule = _RULES.get(operator.op)
            if rule is None:
                continue
            inputs = tuple(subgraph.tensors[i] if i >= 0 else None for i in operator.inputs)
            output = subgraph.tensors[operator.outputs[0]]
            defect = rule(operator, inputs, output, target)
            if defect:
                yield f"operator {operator.index} ({operator.op}, layer {output.name!r}): {defect}"


def _transposed(operator: Operator, inputs: Inputs, output: Tensor, target: Target) -> str | None:
    del target
    weights, image = inputs[1], inputs[2]
    if weights is None or image is None or image.type != "INT8":
        return None
    window = transposed_window(operator, weights, output)
    above, stride = window.padding[0], window.stride[0]
    if above % stride == 0 or transpose_runs_as_convolution(window, image.shape):
        return None
    return (
        f"CMSIS-NN shifts rows of a transposed convolution whose padding above ({above}) is no "
        f"multiple of its stride ({stride}). Use padding 'valid', a kernel of at most "
        f"{stride + 1}, or the reference kernels"
    )


def _convolution(operator: Operator, inputs: Inputs, output: Tensor, target: Target) -> str | None:
    image, weights = inputs[0], inputs[1]
    if weights is None or image is None or image.type != "INT8" or target.simd != "mve":
        return None
    window = operator_window(operator, image, weights)
    stride, width = window.stride[1], image.shape[2]
    covered = (output.shape[2] - 1) * stride + window.filter[1]
    one_row = runs_in_one_row(window, image.shape, weights.shape[3])
    if not one_row or stride == 1 or covered == width or window.filter == (1, 1):
        return None
    return (
        f"CMSIS-NN's Helium kernel for one row gives wrong values for some widths when the stride "
        f"is {stride} and the windows cover {covered} of {width} columns. Use stride 1, a width "
        f"that the windows cover exactly, or the reference kernels"
    )


def _depthwise(operator: Operator, inputs: Inputs, output: Tensor, target: Target) -> str | None:
    image, weights = inputs[0], inputs[1]
    if weights is None or image is None or image.type != "INT8" or output.shape[3] == 1:
        return None
    window = operator_window(operator, image, weights)
    if not depthwise_s8_is_bounded(target.simd, window, image.shape):
        return None
    return (
        "for one channel in one row TFLM asks CMSIS-NN for scratch with a stride it has not set, "
        "and may get too little. Turn the row into a column, or use the reference kernels"
    )


def _dense(operator: Operator, inputs: Inputs, output: Tensor, target: Target) -> str | None:
    del operator, target
    bias = inputs[2] if len(inputs) > len(("input", "weights")) else None
    if output.type != "INT16" or bias is None or bias.type != "INT32":
        return None
    return (
        "CMSIS-NN reads the 32-bit bias of an int16 dense layer as 64-bit. Convert with 64-bit "
        "biases, or use the reference kernels"
    )


_RULES: Mapping[str, Rule] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "TRANSPOSE_CONV": _transposed,
}
