"""LOG_SOFTMAX and L2_NORMALIZATION of int8 values."""

from collections.abc import Sequence

import numpy as np

from edgecompress.program.fixed_point import quantize_multiplier, requantize, rounding_shift
from edgecompress.program.node import Node, scale_of, zero_point_of
from edgecompress.program.operators.softmax import INTEGER_BITS, exponentials
from edgecompress.program.program import Call, Constant, Field

_SUM_INTEGER_BITS = 12  # kSumIntegerBits of templates/c/kernels/log_softmax_s8.c


def log_softmax(node: Node) -> Sequence[Call]:
    """Return the call for LOG_SOFTMAX.

    Source: PreprocessLogSoftmaxScalingExp in tensorflow/lite/kernels/internal/quantization_util.cc.
    """
    scale = float(scale_of(node.input(0)))
    values = exponentials(scale, 1.0)
    multiplier, shift = quantize_multiplier(scale * (1 << (31 - INTEGER_BITS)))
    reverse = quantize_multiplier((1 << (31 - shift)) / multiplier)
    terms = rounding_shift(values, _SUM_INTEGER_BITS).astype(np.int32)
    differences = requantize(-np.arange(len(values)), multiplier, shift).astype(np.int32)
    fields: dict[str, Field] = {
        "exponentials": Constant("exponentials", "int32_t", terms),
        "differences": Constant("differences", "int32_t", differences),
        "exponential_count": len(values),
        "reverse_multiplier": reverse[0],
        "reverse_shift": reverse[1],
    }
    return [_by_rows(node, "log_softmax_s8", fields)]


def l2_normalization(node: Node) -> Sequence[Call]:
    """Return the call for L2_NORMALIZATION."""
    return [_by_rows(node, "l2_normalization_s8", {"offset": -zero_point_of(node.input(0))})]


def _by_rows(node: Node, kernel: str, fields: dict[str, Field]) -> Call:
    value, output = node.input(0), node.output()
    node.need_type(value, "INT8")
    node.need_type(output, "INT8")
    depth = value.shape[-1]
    return Call(
        kernel=kernel,
        layer=node.layer,
        fields={**fields, "rows": value.elements // depth, "depth": depth},
        inputs=(value.index,),
        outputs=(output.index,),
        in_place=(0,),
    )
