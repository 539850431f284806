"""What operators of int16 activations keep in flash: biases of 64 bits, multipliers of 15."""

from typing import Any

import numpy as np

from edgecompress.program.node import Node
from edgecompress.program.program import Constant

_MULTIPLIER_BITS = 15


def reduced_multiplier(node: Node, multiplier: int, shift: int) -> tuple[int, int]:
    """Return (multiplier of 15 bits, right shift) for sums of 64 bits, of one for 32 bits.

    Source: MultiplyByQuantizedMultiplier on int64 in lite/kernels/internal/common.cc.
    """
    if shift >= _MULTIPLIER_BITS:
        raise node.refuse(f"its scales make sums more than {1 << (shift - 1):,} times as large")
    reduced = (multiplier + (1 << 15)) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF  # noqa: PLR2004
    return reduced, _MULTIPLIER_BITS - shift


def folded_wide_bias(values: "np.ndarray[Any, Any]") -> Constant:
    """Return biases as int64."""
    return Constant("bias", "int64_t", values.astype(np.int64), of_model=True)
