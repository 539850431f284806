"""What layers with weights share: sums of products, scaled by channel."""

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.activation import activation_range
from edgecompress.program.node import Node, zero_point_of
from edgecompress.program.program import Constant, Field
from edgecompress.program.weights import folded_bias, multiplier_constants
from edgecompress.tflite.graph import Tensor

# Of `EcScale` in templates/c/kernels/requantize.h: shifts to the right that are short, and what is
# added to others, which are to the left.
SHORT_SHIFTS = range(1, 23)
_ANY_SHIFT = 64
_SHORT_SUMS = 1 << 30
_LARGEST_INPUT = 128
_LEAST_INT8 = -128


def scaled_fields(
    node: Node,
    value: Tensor,
    kernel: Tensor,
    output: Tensor,
    rows: NDArray[np.int8],
    *,
    by_channel: bool = False,
) -> dict[str, Field]:
    """Return the fields of biases and scales.

    Args:
        node: the operator; its third input is the bias.
        value: what is multiplied, of int8.
        kernel: the weights, of int8 or int4.
        output: of int8.
        rows: the weights of each channel, [channels, n].
        by_channel: whether each channel has an entry of its own even if all have one scale.

    Raises:
        UnsupportedModelError: the C runtime has no kernel for these types.
    """
    node.need_type(value, "INT8")
    node.need_type(output, "INT8")
    node.need_type(kernel, "INT8", "INT4")
    scales = kernel.quantization.scales if kernel.quantization else ()
    if by_channel and len(scales) == 1:
        scales = scales * len(rows)
    multipliers, shifts, step = multiplier_constants(scales, value, output)
    bias = folded_bias(node, node.optional(2), rows.sum(1, np.int64), zero_point_of(value))
    short = _short_multipliers(multipliers, shifts, _largest_sums(rows, bias))
    limits = activation_range(node, output)
    is_short = max(short[1].values) < SHORT_SHIFTS.stop
    is_plain = is_short and limits == (-128, 127) and rows.min() > _LEAST_INT8
    return {"bias": bias, "scales": (*short, step, zero_point_of(output), *limits, int(is_plain))}


def _largest_sums(rows: NDArray[np.int8], bias: Constant) -> NDArray[np.int64]:
    products = np.abs(rows.astype(np.int64)).sum(1) * _LARGEST_INPUT
    sums: NDArray[np.int64] = products + np.abs(bias.values.astype(np.int64))
    return sums


def _short_multipliers(
    multipliers: Constant, shifts: Constant, largest_sums: NDArray[np.int64]
) -> tuple[Constant, Constant]:
    """Return multipliers and shifts as `EcScales` has them, from shifts to the left.

    They are of all channels, or one. What becomes nothing but the zero point has a multiplier of 0.
    """
    right = -shifts.values.astype(np.int64)
    sums = largest_sums if len(right) > 1 else largest_sums.max(keepdims=True)
    products = sums * multipliers.values >> 31
    is_nothing = (multipliers.values == 0) | (
        (right > 1) & (products + 1 < 1 << np.maximum(right - 1, 0))
    )
    stored = np.where(
        np.isin(right, SHORT_SHIFTS) & (sums < _SHORT_SUMS), right, _ANY_SHIFT - right
    )
    return (
        Constant(
            "multipliers", "int32_t", np.where(is_nothing, 0, multipliers.values).astype(np.int32)
        ),
        Constant("shifts", "int8_t", np.where(is_nothing, 1, stored).astype(np.int8)),
    )
