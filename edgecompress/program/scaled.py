"""What layers with weights share: sums of products, scaled by channel."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgecompress.program.activation import activation_range
from edgecompress.program.fixed_point import Ints, requantize
from edgecompress.program.node import Node, zero_point_of
from edgecompress.program.program import Field
from edgecompress.program.weights import folded_bias, multiplier_constants
from edgecompress.tflite.graph import Tensor

# Of `EcScales` in templates/c/kernels/requantize.h: shifts to the right that are short, and what is
# added to others, which are to the left.
SHORT_SHIFTS = range(1, 23)
_ANY_SHIFT = 64
_SHORT_SUMS = 1 << 30
_LARGEST_INPUT = 128
_LEAST_INT8 = -128
# EcScalesKind.
_ANY, _PLAIN, _PLAIN_CLAMPED = range(3)


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
    zero_point, limits = zero_point_of(output), activation_range(node, output)
    given = _Channels(
        bias.values.astype(np.int64),
        np.abs(rows, dtype=np.int16).sum(1, np.int64) * _LARGEST_INPUT,
        multipliers.values.astype(np.int64),
        -shifts.values.astype(np.int64),
    )
    channels = _without_constant_ones(given, zero_point, limits) if by_channel else given
    is_short = channels.are_short
    stored = np.where(is_short, channels.rights, _ANY_SHIFT - channels.rights)
    is_plain = is_short.all() and rows.min() > _LEAST_INT8
    kind = (_PLAIN if limits == (-128, 127) else _PLAIN_CLAMPED) if is_plain else _ANY
    return {
        "bias": replace(bias, values=channels.biases.astype(np.int32)),
        "scales": (
            replace(multipliers, values=channels.multipliers.astype(np.int32)),
            replace(shifts, values=stored.astype(np.int8)),
            step, zero_point, *limits, kind,
        ),
    }  # fmt: skip


@dataclass(frozen=True)
class _Channels:
    """How the sums of each channel become outputs; the last two may be one for all channels."""

    biases: Ints
    reaches: Ints  # how far a sum may be from the bias
    multipliers: Ints
    rights: Ints  # shifts to the right

    @property
    def are_short(self) -> NDArray[np.bool_]:
        """Whether the short way of `EcScales` gives the outputs of a channel."""
        sums = np.abs(self.biases) + self.reaches
        if len(self.rights) == 1:
            sums = sums.max(keepdims=True)
        return np.isin(self.rights, SHORT_SHIFTS) & (sums < _SHORT_SUMS)


def _without_constant_ones(
    channels: _Channels, zero_point: int, limits: tuple[int, int]
) -> _Channels:
    """Return channels of which those that always give one output get there the short way.

    A channel that died in training has tiny weights beside a bias of up to 2^30 and a shift of 25
    or more: converters write them so.
    """
    biases, multipliers, rights = (
        values.copy() for values in (channels.biases, channels.multipliers, channels.rights)
    )
    for channel in np.flatnonzero(~channels.are_short):
        reach = int(channels.reaches[channel])
        ends = int(biases[channel]) + np.array([-reach, reach])
        scaled = requantize(ends, int(multipliers[channel]), -int(rights[channel]))
        first, last = np.clip(scaled + zero_point, *limits) - zero_point
        # Of a multiplier of 1/2: half of the reach, rounded, stays below half of the last place.
        right = (reach // 2 + 1).bit_length() + 1
        bias = int(first) << (right + 1)
        is_held = right in SHORT_SHIFTS and abs(bias) + reach < _SHORT_SUMS
        if first == last and abs(ends).max() < 1 << 31 and is_held:
            biases[channel], multipliers[channel], rights[channel] = bias, 1 << 30, right
    return _Channels(biases, channels.reaches, multipliers, rights)
