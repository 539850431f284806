"""What the activations of a float .tflite reach on samples. Runs in a child process."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import ModelError
from edgecompress.quantize.scales import Range
from edgecompress.tflite.names import operator_name
from edgecompress.tflite.reader import read_model

_OVERFLOWN = np.finfo(np.float32).max  # TFLite's kernels clamp infinity to it
Samples = tuple[NDArray[Any], ...]  # one array [n, ...] for each input


def observed_ranges(model: bytes, samples: Samples) -> dict[int, Range]:
    """Return the least and the greatest value of each float activation, zero included.

    Raises:
        ModelError: an operator gives NaN or infinity; the first that does is named.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    graph = read_model(model).main
    writers = {index: operator for operator in graph.operators for index in operator.outputs}
    floats = [
        index
        for index in dict.fromkeys((*graph.inputs, *writers))  # as they are written
        if graph.tensors[index].type == "FLOAT32"
    ]
    ranges: dict[int, Range] = dict.fromkeys(floats, (0.0, 0.0))
    for row in zip(*samples, strict=True):
        for index, values in zip(graph.inputs, row, strict=True):
            interpreter.set_tensor(index, values[np.newaxis])
        interpreter.invoke()
        for index in floats:
            values = interpreter.get_tensor(index)
            if not (np.abs(values) < _OVERFLOWN).all():
                raise ModelError(
                    f"{operator_name(graph, writers[index])} gives NaN or infinity on calibration "
                    "samples, for which there is no int8. Bound what it reads, by normalization "
                    "or a clipping activation, before the export"
                )
            low, high = ranges[index]
            ranges[index] = (min(low, float(values.min())), max(high, float(values.max())))
    return ranges
