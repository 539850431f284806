"""What the activations of a float .tflite reach on samples. Runs in a child process."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.quantize.scales import Range
from edgecompress.tflite.reader import read_model

Samples = tuple[NDArray[Any], ...]  # one array [n, ...] for each input


def observed_ranges(model: bytes, samples: Samples) -> dict[int, Range]:
    """Return the least and the greatest value of each float activation, zero included."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    graph = read_model(model).main
    written = {index for operator in graph.operators for index in operator.outputs}
    floats = [i for i in {*graph.inputs, *written} if graph.tensors[i].type == "FLOAT32"]
    ranges: dict[int, Range] = dict.fromkeys(floats, (0.0, 0.0))
    for row in zip(*samples, strict=True):
        for index, values in zip(graph.inputs, row, strict=True):
            interpreter.set_tensor(index, values[np.newaxis])
        interpreter.invoke()
        for index in floats:
            values = interpreter.get_tensor(index)
            low, high = ranges[index]
            ranges[index] = (min(low, float(values.min())), max(high, float(values.max())))
    return ranges
