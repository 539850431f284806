"""The call of ai-edge-quantizer, in a child process: it computes in C++ and prints as it goes."""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgecompress.quantize.exported.ranges import Samples, observed_ranges


def quantized(model: bytes, samples: Samples) -> bytes:
    """Return `model`, a folded float .tflite, with int8 activations and weights.

    Ranges are those of the samples [n, ...] (one array for each input): ai-edge-quantizer's own
    calibration takes a moving average, which clips what few samples reach. Weights have a scale
    for each channel. Operators that it has no int8 for stay float, between DEQUANTIZE and QUANTIZE.
    """
    from ai_edge_quantizer import quantizer, recipe

    tensors = schema.ModelT.InitFromPackedBuf(model).subgraphs[0].tensors
    statistics = {
        tensors[index].name.decode(): {
            "min": _broadcast(low, tensors[index]),
            "max": _broadcast(high, tensors[index]),
        }
        for index, (low, high) in observed_ranges(model, samples).items()
    }
    job = quantizer.Quantizer(model, recipe.static_wi8_ai8())
    return bytes(job.quantize(statistics).quantized_model)


def _broadcast(value: float, tensor: Any) -> Any:
    return np.full((1,) * len(tensor.shape), value, np.float32)
