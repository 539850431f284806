"""The table that functions of int16 values interpolate: sigmoid, and tanh by way of it."""

import numpy as np

from edgecompress.program.program import Constant

_COUNT = 256
_STEPS_PER_UNIT = 24  # the table holds sigmoid(i / 24)
_ONE = 1 << 16


def sigmoid_table() -> Constant:
    """Return sigmoid(i / 24) in Q0.16 for i = 0 to 255.

    A chord lies below the curve by at most |f''| / 8 between two values; they are raised by half of
    it, so that the error is as large on the chord as at its ends. The last value is the limit, for
    the function stays there. Source: sigmoid_table_uint16 of tensorflow/lite/kernels/internal.
    """
    values = 1 / (1 + np.exp(-np.arange(_COUNT) / _STEPS_PER_UNIT))
    bend = values * (1 - values) * (2 * values - 1) / _STEPS_PER_UNIT**2
    table = np.floor(_ONE * (values + bend / 16) + 0.5).astype(np.uint16)
    table[-1] = _ONE - 1
    return Constant("sigmoid", "uint16_t", table)
