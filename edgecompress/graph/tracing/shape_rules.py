"""Channel rules of layers without weights: what they pass on, move, join or mix."""

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np

from edgecompress.graph.tracing.calls import (
    Call,
    channel_axis,
    elementwise,
    freeze_all_but,
    freeze_mixed,
    only,
    replaced,
)
from edgecompress.graph.tracing.channels import Axes, Channels, Trace, Traced

Shape = tuple[int | None, ...]


def every_axis(trace: Trace, call: Call) -> Sequence[Axes]:
    """Layers that treat every value by itself: ReLU, dropout, noise."""
    del trace
    return [call.input.axes]


def activation(trace: Trace, call: Call) -> Sequence[Axes]:
    """Activation: every value by itself, or mixing along the last axis as softmax does."""
    if elementwise(call.layer.activation):
        return [call.input.axes]
    if getattr(call.layer.activation, "__name__", "") in ("softmax", "log_softmax", "sparsemax"):
        freeze_mixed(trace, call.layer, call.input.axes[-1])
        return [call.input.axes]
    return not_understood(trace, call)


def spatial(trace: Trace, call: Call) -> Sequence[Axes]:
    """Pooling, padding, cropping, upsampling: each channel by itself."""
    rank = len(call.input.shape)
    axis = channel_axis(call.layer, rank)
    freeze_all_but(trace, call, axis)
    return [only(rank, axis, call.input.axes[axis])]


def global_pooling(trace: Trace, call: Call) -> Sequence[Axes]:
    """Global pooling: the other axes vanish or become one."""
    rank = len(call.input.shape)
    axis = channel_axis(call.layer, rank)
    freeze_all_but(trace, call, axis)
    channels = call.input.axes[axis]
    return [only(rank, axis, channels) if call.layer.keepdims else (None, channels)]


def normalized_axes(trace: Trace, call: Call) -> Sequence[Axes]:
    """Layers that mix, or hold constants, along `axis`: softmax, layer and RMS normalization."""
    for axis in _as_tuple(call.layer.axis):
        trace.freeze(call.input.axes[axis], f"{trace.describe(call.layer)} mixes them")
    return [call.input.axes]


def last_axis_read(trace: Trace, call: Call) -> Sequence[Axes]:
    """Masking: a step is masked by all of its features."""
    trace.freeze(call.input.axes[-1], f"{trace.describe(call.layer)} reads all of them")
    return [call.input.axes]


def rescaling(trace: Trace, call: Call) -> Sequence[Axes]:
    """Rescaling: exact when scale and offset are single numbers."""
    if np.ndim(call.layer.scale) or np.ndim(call.layer.offset):
        freeze_all_but(trace, call, None)
    return [call.input.axes]


def merge(trace: Trace, call: Call) -> Sequence[Axes]:
    """Add, Multiply and the like; inputs of lower rank gain axes after the batch, as in Keras."""
    rank = max(len(tensor.shape) for tensor in call.inputs)
    return [broadcast(trace, call, [_expanded(tensor, rank) for tensor in call.inputs])]


def not_understood(trace: Trace, call: Call) -> Sequence[Axes]:
    """Anything else: all channels that reach it stay, and its outputs are fixed."""
    for tensor in (*call.inputs, *call.states):
        for channels in tensor.axes:
            trace.freeze(channels, f"{trace.describe(call.layer)} is not understood")
    return [(None,) * len(shape) for shape in call.shapes]


def operator(trace: Trace, call: Call) -> Sequence[Axes]:
    """Keras operations on two tensors, or a tensor and a number (`x + y`): numpy's broadcasting."""
    if len({len(tensor.shape) for tensor in call.inputs}) == 1:
        return [broadcast(trace, call, call.inputs)]
    return not_understood(trace, call)


def broadcast(trace: Trace, call: Call, tensors: Sequence[Traced]) -> Axes:
    """Unite the channels of tensors that an elementwise operation pairs."""
    rank = len(tensors[0].shape)
    return (None, *(_paired(trace, call, tensors, axis) for axis in range(1, rank)))


def concatenate(trace: Trace, call: Call) -> Sequence[Axes]:
    """Concatenate: channels one after the other along its axis, united along the others."""
    axis = call.layer.axis % len(call.input.shape)
    axes = broadcast(trace, call, [_without(tensor, axis) for tensor in call.inputs])
    if all(tensor.axes[axis] is None for tensor in call.inputs):
        return [axes]
    if any(tensor.shape[axis] is None for tensor in call.inputs):
        for tensor in call.inputs:
            trace.freeze(tensor.axes[axis], f"{trace.describe(call.layer)} joins unknown sizes")
        return [axes]
    joined = np.concatenate([trace.channels(tensor, axis) for tensor in call.inputs])
    return [replaced(axes, axis, joined)]


def flatten(trace: Trace, call: Call) -> Sequence[Axes]:
    """Flatten: every position of the result belongs to a channel; channels go last first."""
    tensor = call.input
    order = list(range(1, len(tensor.shape)))
    if getattr(call.layer, "data_format", None) == "channels_first" and order:
        order = [*order[1:], 1]
    moved = Traced(_picked(tensor.shape, order), tuple(tensor.axes[i] for i in order), "")
    return [(None, *regroup(trace, call, moved, call.shapes[0][1:]))]


def reshape(trace: Trace, call: Call) -> Sequence[Axes]:
    """Reshape: exact wherever whole channels stay whole rows or columns."""
    tensor, shape = call.input, call.shapes[0][1:]
    axes = regroup(trace, call, Traced(tensor.shape[1:], tensor.axes[1:], ""), shape)
    for position, channels in enumerate(axes):
        if call.layer.target_shape[position] != -1:
            trace.size(call.layer, "target_shape", channels, position)
    return [(None, *axes)]


def permute(trace: Trace, call: Call) -> Sequence[Axes]:
    """Permute: axes change places."""
    del trace
    return [(None, *(call.input.axes[axis] for axis in call.layer.dims))]


def repeat_vector(trace: Trace, call: Call) -> Sequence[Axes]:
    """RepeatVector: [batch, channels] to [batch, n, channels]."""
    del trace
    return [(None, None, call.input.axes[1])]


def regroup(trace: Trace, call: Call, tensor: Traced, shape: Shape) -> Axes:
    """Follow channels through a row-major reshape of `tensor` (without its batch) to `shape`.

    Both shapes are cut into runs of equal products. A run with channels along one axis holds at
    each element one channel; along the last axis of the result the channels that meet in a column
    are united, so that removing a column removes the same elements on both sides.
    """
    axes: list[Channels | None] = [None] * len(shape)
    if not tensor.held():
        return tuple(axes)
    if None in tensor.shape or None in shape:
        _freeze_tensor(trace, call, tensor)
        return tuple(axes)
    for before, after in _runs(_known(tensor.shape), _known(shape)):
        run = Traced(_picked(tensor.shape, before), tuple(tensor.axes[i] for i in before), "")
        column = _column(trace, call, run, [shape[i] or 0 for i in after])
        if column is not None:
            axes[after[column[0]]] = column[1]
    return tuple(axes)


def _column(trace: Trace, call: Call, run: Traced, sizes: list[int]) -> tuple[int, Channels] | None:
    """Return the axis of `sizes` that holds the run's channels, and these channels."""
    held = run.held()
    if not held:
        return None
    if len(held) > 1 or not sizes:
        _freeze_tensor(trace, call, run)
        return None
    axis = max((i for i, size in enumerate(sizes) if size > 1), default=len(sizes) - 1)
    ((along, channels),) = held
    stretch = tuple(-1 if i == along else 1 for i in range(len(run.shape)))
    elements = np.broadcast_to(channels.reshape(stretch), _known(run.shape)).reshape(sizes)
    columns = np.moveaxis(elements, axis, -1).reshape(-1, sizes[axis])
    trace.unite(columns[1:], np.broadcast_to(columns[0], columns[1:].shape))
    return axis, columns[0]


def _runs(before: Sequence[int], after: Sequence[int]) -> Iterable[tuple[list[int], list[int]]]:
    """Cut two shapes of equal product into the shortest runs of axes with equal products."""
    i = j = 0
    while i < len(before) or j < len(after):
        first, second = i, j
        i, j = min(i + 1, len(before)), min(j + 1, len(after))
        while (left := prod(before[first:i])) != (right := prod(after[second:j])):
            i, j = (i + 1, j) if left < right else (i, j + 1)
        yield list(range(first, i)), list(range(second, j))


def _paired(trace: Trace, call: Call, tensors: Sequence[Traced], axis: int) -> Channels | None:
    """Unite the channels that meet along one axis, and return them."""
    held = [tensor for tensor in tensors if tensor.axes[axis] is not None]
    if not held:
        return None
    wide = [tensor for tensor in tensors if tensor.shape[axis] != 1] or list(tensors)
    if any(tensor.shape[axis] is None for tensor in wide):
        wide = []
    for tensor in held:
        if not any(tensor is other for other in wide):
            trace.freeze(tensor.axes[axis], f"{trace.describe(call.layer)} broadcasts them")
    if not wide:
        return None
    channels = [trace.channels(tensor, axis) for tensor in wide]
    for other in channels[1:]:
        trace.unite(channels[0], other)
    return channels[0]


def _expanded(tensor: Traced, rank: int) -> Traced:
    extra = rank - len(tensor.shape)
    shape = (tensor.shape[0], *(1,) * extra, *tensor.shape[1:])
    return Traced(shape, (None,) * (1 + extra) + tensor.axes[1:], tensor.origin)


def _without(tensor: Traced, axis: int) -> Traced:
    return Traced(tensor.shape, replaced(tensor.axes, axis, None), tensor.origin)


def _freeze_tensor(trace: Trace, call: Call, tensor: Traced) -> None:
    for channels in tensor.axes:
        trace.freeze(channels, f"{trace.describe(call.layer)} takes their rows and columns apart")


def _picked(shape: Shape, order: Iterable[int]) -> Shape:
    return tuple(shape[axis] for axis in order)


def _known(shape: Shape) -> tuple[int, ...]:
    return tuple(size or 0 for size in shape)


def _as_tuple(axis: int | Sequence[int] | None) -> tuple[int, ...]:
    if axis is None:
        return ()
    return (axis,) if isinstance(axis, int) else tuple(axis)
