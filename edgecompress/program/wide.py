"""What operators of int16 activations keep in flash: biases of 64 bits, multipliers of 15."""

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.node import Node, values_of
from edgecompress.program.program import Constant
from edgecompress.tflite.graph import Tensor

_MULTIPLIER_BITS = 15


def reduced_multiplier(node: Node, multiplier: int, shift: int) -> tuple[int, int]:
    """Return (multiplier of 15 bits, right shift) for sums of 64 bits, of one for 32 bits.

    Source: MultiplyByQuantizedMultiplier on int64 in lite/kernels/internal/common.cc.
    """
    if shift >= _MULTIPLIER_BITS:
        raise node.refuse(f"its scales make sums more than {1 << (shift - 1):,} times as large")
    reduced = (multiplier + (1 << 15)) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF  # noqa: PLR2004
    return reduced, _MULTIPLIER_BITS - shift


def wide_bias(bias: Tensor | None, added: NDArray[np.int64]) -> Constant:
    """Return biases of any type as int64, with what is `added` to each; zeros where none is."""
    given = np.zeros(len(added), np.int64) if bias is None else values_of(bias).ravel()
    return Constant("bias", "int64_t", given.astype(np.int64) + added, of_model=True)
