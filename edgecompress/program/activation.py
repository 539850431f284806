"""The range that a fused activation leaves of an output's integers."""

import math
from collections.abc import Mapping

import numpy as np

from edgecompress.program.node import Node, scale_of, zero_point_of
from edgecompress.tflite.graph import Tensor

# Real limits of the schema's fused activations.
_LIMITS: Mapping[str, tuple[float, float]] = {
    "NONE": (-math.inf, math.inf),
    "RELU": (0.0, math.inf),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}


def activation_range(node: Node, output: Tensor) -> tuple[int, int]:
    """Return the least and the largest value that the operator may write.

    Real limits become integers by round(limit / scale) + zero point, in float32.
    """
    name = node.option("fused_activation_function", "NONE")
    if name not in _LIMITS:
        raise node.refuse(f"its fused activation is {name}")
    limits = np.iinfo(np.dtype(output.type.lower()))
    low, high = (_quantized(real, output) for real in _LIMITS[name])
    return max(limits.min, low), min(limits.max, high)


def _quantized(real: float, tensor: Tensor) -> int:
    if math.isinf(real):
        return int(math.copysign(1 << 40, real))
    steps = float(np.float32(real) / np.float32(scale_of(tensor)))
    return int(math.copysign(math.floor(abs(steps) + 0.5), steps)) + zero_point_of(tensor)
