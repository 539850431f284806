"""Channel rules of layers with weights: convolutions, dense, normalization, embedding, PReLU."""

from collections.abc import Sequence

import numpy as np

from edgecompress.graph.tracing.calls import (
    Call,
    channel_axis,
    freeze_all_but,
    freeze_mixed,
    only,
    replaced,
)
from edgecompress.graph.tracing.channels import Axes, Channels, Trace


def convolution(trace: Trace, call: Call) -> Sequence[Axes]:
    """Conv1D to Conv3D: kernel [..., in / groups, filters]."""
    return _convolution(trace, call, kernel_in=-2, kernel_out=-1)


def transposed_convolution(trace: Trace, call: Call) -> Sequence[Axes]:
    """Conv1DTranspose to Conv3DTranspose: kernel [..., filters, in]."""
    return _convolution(trace, call, kernel_in=-1, kernel_out=-2)


def _convolution(trace: Trace, call: Call, *, kernel_in: int, kernel_out: int) -> Sequence[Axes]:
    layer, rank = call.layer, len(call.input.shape)
    axis = channel_axis(layer, rank)
    freeze_all_but(trace, call, axis)
    read, made = trace.channels(call.input, axis), trace.produce(layer, layer.filters)
    groups = getattr(layer, "groups", 1)
    if groups > 1:
        _unite_blocks(trace, groups, read, made)
        trace.size(layer, "groups", made[:: len(made) // groups])
    else:
        trace.index(layer, layer.kernel, kernel_in, read, "consumer")
    trace.index(layer, layer.kernel, kernel_out, made, "producer")
    trace.index(layer, layer.bias, 0, made, "carrier")
    trace.size(layer, "filters", made)
    freeze_mixed(trace, layer, made)
    return [only(rank, axis, made)]


def depthwise(trace: Trace, call: Call) -> Sequence[Axes]:
    """DepthwiseConv1D and 2D: kernel [..., in, depth_multiplier], outputs of an input together."""
    layer, rank = call.layer, len(call.input.shape)
    axis = channel_axis(layer, rank)
    freeze_all_but(trace, call, axis)
    read = trace.channels(call.input, axis)
    made = np.repeat(read, layer.depth_multiplier)
    trace.index(layer, layer.kernel, -2, read, "carrier")
    trace.index(layer, layer.bias, 0, made, "carrier")
    freeze_mixed(trace, layer, made)
    return [only(rank, axis, made)]


def separable(trace: Trace, call: Call) -> Sequence[Axes]:
    """SeparableConv1D and 2D: a depthwise kernel, then a pointwise one."""
    layer, rank = call.layer, len(call.input.shape)
    axis = channel_axis(layer, rank)
    freeze_all_but(trace, call, axis)
    read, made = trace.channels(call.input, axis), trace.produce(layer, layer.filters)
    trace.index(layer, layer.depthwise_kernel, -2, read, "carrier")
    between = np.repeat(read, layer.depth_multiplier)
    trace.index(layer, layer.pointwise_kernel, -2, between, "consumer")
    trace.index(layer, layer.pointwise_kernel, -1, made, "producer")
    trace.index(layer, layer.bias, 0, made, "carrier")
    trace.size(layer, "filters", made)
    freeze_mixed(trace, layer, made)
    return [only(rank, axis, made)]


def dense(trace: Trace, call: Call) -> Sequence[Axes]:
    """Dense: kernel [in, units], at every position of the other axes by itself."""
    layer, last = call.layer, len(call.input.shape) - 1
    read, made = trace.channels(call.input, last), trace.produce(layer, layer.units)
    trace.index(layer, layer.kernel, 0, read, "consumer")
    trace.index(layer, layer.kernel, 1, made, "producer")
    trace.index(layer, layer.bias, 0, made, "carrier")
    trace.size(layer, "units", made)
    freeze_mixed(trace, layer, made)
    return [replaced(call.input.axes, last, made)]


def embedding(trace: Trace, call: Call) -> Sequence[Axes]:
    """Embedding: a table [input_dim, output_dim]; the tokens it reads stay as they are."""
    layer = call.layer
    freeze_all_but(trace, call, None)
    made = trace.produce(layer, layer.output_dim)
    trace.index(layer, layer.embeddings, 1, made, "producer")
    trace.size(layer, "output_dim", made)
    return [only(len(call.input.shape) + 1, len(call.input.shape), made)]


def batch_normalization(trace: Trace, call: Call) -> Sequence[Axes]:
    """BatchNormalization: one scale, offset, mean and variance per channel."""
    layer = call.layer
    axis = layer.axis % len(call.input.shape)
    channels = trace.channels(call.input, axis)
    for variable in (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance):
        trace.index(layer, variable, 0, channels, "carrier")
    return [replaced(call.input.axes, axis, channels)]


def group_normalization(trace: Trace, call: Call) -> Sequence[Axes]:
    """GroupNormalization: mean and variance over a group of channels, so it goes as a whole."""
    layer = call.layer
    axis = layer.axis % len(call.input.shape)
    freeze_all_but(trace, call, axis)
    channels = trace.channels(call.input, axis)
    _unite_blocks(trace, layer.groups, channels)
    trace.size(layer, "groups", channels[:: len(channels) // layer.groups])
    for variable in (layer.gamma, layer.beta):
        trace.index(layer, variable, 0, channels, "carrier")
    return [only(len(call.input.shape), axis, channels)]


def prelu(trace: Trace, call: Call) -> Sequence[Axes]:
    """PReLU: a slope per position of the axes that do not share one."""
    layer, tensor = call.layer, call.input
    for axis in range(1, len(tensor.shape)):
        if axis not in (layer.shared_axes or ()):
            trace.index(layer, layer.alpha, axis - 1, trace.channels(tensor, axis), "carrier")
    return [tensor.axes]


def _unite_blocks(trace: Trace, blocks: int, *arrays: Channels) -> None:
    """Unite all channels of block i of every array, where each array is `blocks` equal blocks."""
    rows = np.concatenate([channels.reshape(blocks, -1) for channels in arrays], axis=1)
    trace.unite(rows, np.broadcast_to(rows[:, :1], rows.shape))
