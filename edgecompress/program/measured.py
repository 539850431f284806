"""What TFLM itself answers for operators of one int8 tensor, for all 256 values."""

from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.node import Node
from edgecompress.program.operators.elementwise import is_lookup
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.pack import content_of, serialized

_VALUES = np.arange(-128, 128, dtype=np.int8)


def measured_tables(model: bytes, graph: Graph) -> Mapping[int, NDArray[Any]]:
    """Run the functions of single values of a model in TFLM's interpreter.

    They are put side by side into one model whose inputs hold all int8 values.

    Returns:
        By operator of the main subgraph, its int8 outputs for -128 to 127, [256].

    Raises:
        UnsupportedModelError: TFLM refuses one of them.
    """
    nodes = [Node(operator, graph.main) for operator in graph.main.operators]
    numbers = [node.operator.index for node in nodes if is_lookup(node)]
    if not numbers:
        return {}
    content = content_of(model)
    source = content.subgraphs[0]
    alone = copy(source)
    alone.tensors, alone.operators = [], []
    for number in numbers:
        operator = copy(source.operators[number])
        tensors = [source.tensors[operator.inputs[0]], source.tensors[operator.outputs[0]]]
        alone.tensors += [_of_all_values(tensor) for tensor in tensors]
        place = len(alone.tensors)
        operator.inputs = np.array([place - 2], np.int32)
        operator.outputs = np.array([place - 1], np.int32)
        alone.operators.append(operator)
    alone.inputs = np.arange(0, len(alone.tensors), 2, dtype=np.int32)
    alone.outputs = np.arange(1, len(alone.tensors), 2, dtype=np.int32)
    content.subgraphs, content.metadata, content.signatureDefs = [alone], None, None
    types = [graph.main.tensors[nodes[number].operator.inputs[0]].type for number in numbers]
    inputs = [_VALUES.view(np.dtype(kind.lower()))[np.newaxis] for kind in types]
    outputs = run(serialized(content), inputs, workers=1)
    return dict(zip(numbers, (values.ravel() for values in outputs), strict=True))


def _of_all_values(tensor: Any) -> Any:
    result = copy(tensor)
    result.shape = np.array([1, len(_VALUES)], np.int32)
    result.shapeSignature, result.buffer = None, 0
    return result
