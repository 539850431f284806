"""Names for LSTM operators: the converter forgets which layer one came from."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edgecompress.quantize.recurrent.ranges import INPUT_KERNELS, LSTM, loops_of
from edgecompress.tflite.pack import serialized
from edgecompress.tflite.reader import read_model

_KERNEL = 3  # of a call's arguments


def loop_layers(calibrated: bytes, graph_def: bytes) -> list[str]:
    """Return the layer of each LSTM of a float .tflite, in the order they run; "" if unknown.

    An LSTM is told by its weights from the others of the GraphDef that the .tflite was made of.
    """
    graph = read_model(calibrated)
    layers = dict(_kernels(graph_def)) if loops_of(graph) else {}
    found = []
    for loop in loops_of(graph):
        parts = [graph.main.tensors[index] for index in loop.operator.inputs[INPUT_KERNELS]]
        kernel = b"".join(part.data or b"" for part in parts)
        name = next((name for name, its in layers.items() if its.T.tobytes() == kernel), "")
        layers.pop(name, None)
        found.append(name)
    return found


def with_loop_layers(model: bytes, layers: Sequence[str]) -> bytes:
    """Return a model whose LSTMs' outputs are named for their layers ("memory/LSTM")."""
    if not any(layers):
        return model
    content = schema.ModelT.InitFromPackedBuf(model)
    operators = [o for o in read_model(model).main.operators if o.op == LSTM]
    for operator, layer in zip(operators, layers, strict=True):
        if layer:
            content.subgraphs[0].tensors[operator.outputs[0]].name = f"{layer}/LSTM".encode()
    return serialized(content)


def _kernels(graph_def: bytes) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the layer and the kernel [features, 4 * units] of each LSTM."""
    import tensorflow as tf

    nodes = {node.name: node for node in tf.compat.v1.GraphDef.FromString(graph_def).node}
    for node in nodes.values():
        if node.op == "PartitionedCall":
            yield node.name.rpartition("/")[0], _value(nodes, node.input[_KERNEL])


def _value(nodes: Any, reference: str) -> NDArray[np.float32]:
    import tensorflow as tf

    node = nodes[reference.partition(":")[0]]
    while node.op != "Const":  # an Identity, where a variable was read
        node = nodes[node.input[0].partition(":")[0]]
    value: NDArray[np.float32] = tf.make_ndarray(node.attr["value"].tensor)
    return value
