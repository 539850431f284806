"""Layers that a kernel library is known to compute wrongly: the arena fits, the answer does not.

Found by running tiny models on emulated Cortex-M with CMSIS-NN 4ab83cc3 and comparing with TFLM's
reference kernels.
"""

from collections.abc import Iterator

from edgecompress.fit.kernels.cmsis_nn import depthwise_s8_is_bounded, transpose_runs_as_convolution
from edgecompress.fit.kernels.convolution import operator_window, transposed_window
from edgecompress.fit.target import Target
from edgecompress.tflite.graph import Graph, Operator, Subgraph


def known_defects(graph: Graph, target: Target) -> tuple[str, ...]:
    """Return what is known to go wrong in this model's layers, one sentence each."""
    if target.kernels != "cmsis-nn":
        return ()
    return tuple(
        defect
        for subgraph in graph.subgraphs
        for operator in subgraph.operators
        for defect in _defects(subgraph, operator, target)
    )


def _defects(subgraph: Subgraph, operator: Operator, target: Target) -> Iterator[str]:
    names = [subgraph.tensors[i] for i in operator.outputs[:1]]
    where = f"operator {operator.index} ({operator.op}{f', {names[0].name!r}' if names else ''})"
    if operator.op == "TRANSPOSE_CONV" and names[0].type == "INT8":
        weights, image = (subgraph.tensors[i] for i in operator.inputs[1:3])
        window = transposed_window(operator, weights, names[0])
        above, stride = window.padding[0], window.stride[0]
        if above % stride and not transpose_runs_as_convolution(window, image.shape):
            yield (
                f"{where}: CMSIS-NN shifts rows of a transposed convolution whose padding above "
                f"({above}) is no multiple of its stride ({stride}). Use padding 'valid', a kernel "
                f"of at most {stride + 1}, or the reference kernels"
            )
    if operator.op == "DEPTHWISE_CONV_2D" and names[0].type == "INT8":
        image, weights = (subgraph.tensors[i] for i in operator.inputs[:2])
        window = operator_window(operator, image, weights)
        if names[0].shape[3] > 1 and depthwise_s8_is_bounded(target.simd, window, image.shape):
            yield (
                f"{where}: for one channel in one row TFLM asks CMSIS-NN for scratch with a stride "
                "it has not set, and may get too little. Turn rows into columns, or use the "
                "reference kernels"
            )
