"""What each channel is worth, by its weights or by what it does to real samples."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split
from edgecompress.errors import UsageError
from edgecompress.graph.groups import ChannelGroup, WeightAxis
from edgecompress.graph.walk import leaf_layers
from edgecompress.progress import doing
from edgecompress.prune.activations import mean_activations
from edgecompress.prune.gradients import mean_over_samples

_log = logging.getLogger(__name__)

Method = Literal["l1", "l2", "bn-gamma", "taylor", "activation", "random"]
METHODS: tuple[str, ...] = get_args(Method)
NEED_DATA = ("taylor", "activation")

Scores = Mapping[str, NDArray[np.float64]]  # group name -> worth of each of its channels
_SAMPLES = 256


@doing("scoring channels")
def score_channels(
    model: Any,
    groups: Sequence[ChannelGroup],
    method: str,
    train: Split | None = None,
    seed: int = 0,
    *,
    samples: int = _SAMPLES,
) -> dict[str, NDArray[np.float64]]:
    """Return what each channel of each group is worth; more is better, comparable between groups.

    Args:
        model: the model `groups` were found in.
        groups: the groups to score.
        method:
            "l1", "l2": the norm of the channel's weights in its producers (Li et al., Pruning
                Filters for Efficient ConvNets, 2017), over the mean norm of the same producer.
            "bn-gamma": the scale of its batch normalization (Liu et al., Network Slimming, 2017),
                over the mean scale; a group without batch normalization is scored by "l1".
            "taylor": how much the loss of a sample changes when the channel goes, to first order:
                |sum of activation x gradient| (Molchanov et al., Pruning Convolutional Neural
                Networks for Resource Efficient Inference, 2017, equation 8), computed as
                |sum of weight x gradient| over the weights that read the channel, which is equal
                and holds for every layer that reads it. "l1" for models of several outputs.
            "activation": its mean absolute value where it is read, over the group's mean. "l1" for
                models of several inputs.
            "random": as good as any other choice at the same widths; a control.
        train: samples for "taylor" and "activation"; labels are used if there are any.
        seed: of the samples chosen, and of "random".
        samples: how many samples "taylor" and "activation" look at, at most.

    Returns:
        float64 [channels] by group name.

    Raises:
        UsageError: unknown method, or `train` is missing.
        DataError: there are no samples.
    """
    method = checked_method(model, method, train)
    if method == "taylor" and train is not None:
        return _taylor(model, groups, train, samples, seed)
    if method == "activation" and train is not None:
        return mean_activations(model, groups, train, samples=samples, seed=seed)
    if method == "random":
        rng = np.random.default_rng(seed)
        return {group.name: rng.random(group.channels) for group in groups}
    weights = weights_by_name(model)
    if method == "bn-gamma":
        return _gamma(weights, groups)
    return {group.name: _norms(weights, group, 1 if method == "l1" else 2) for group in groups}


def checked_method(model: Any, method: str, train: Split | None) -> str:
    """Return the method, or l1 where it cannot judge a model of several inputs or outputs.

    Raises:
        UsageError: unknown method, or it needs samples and there are none.
    """
    if method not in METHODS:
        raise UsageError(f"score {method!r} is unknown; it is one of {', '.join(METHODS)}")
    if method in NEED_DATA and train is None:
        raise UsageError(f"score {method} needs samples; give --data, or --score l1 or l2")
    ends = {"taylor": model.outputs, "activation": model.inputs}.get(method, ())
    if len(ends) <= 1:
        return method
    one = "output" if method == "taylor" else "input"
    _log.info("channels are scored by l1: %s takes models of one %s", method, one)
    return "l1"


def weights_by_name(model: Any) -> dict[tuple[str, str], Any]:
    """Return every weight (keras.Variable) of a model by its layer's path and its own name."""
    return {
        (path, weight.name): weight
        for path, layer in leaf_layers(model)
        for weight in layer.weights
    }


def per_channel(values: NDArray[Any], axis: WeightAxis, channels: int) -> NDArray[np.float64]:
    """Add up `values` [positions along `axis`] by the channel each position belongs to."""
    index = np.array(axis.channels)
    own = index >= 0
    return np.bincount(index[own], values[own], channels).astype(np.float64)


def _norms(weights: Mapping[tuple[str, str], Any], group: ChannelGroup, order: int) -> Any:
    """Return the mean over producers of each channel's share of the producer's norm."""
    shares = []
    for axis in group.producers:
        value = np.abs(weights[axis.layer, axis.weight].numpy().astype(np.float64)) ** order
        others = tuple(other for other in range(value.ndim) if other != axis.axis)
        sums = per_channel(value.sum(others), axis, group.channels) ** (1 / order)
        shares.append(_over_mean(sums))
    return np.mean(shares, axis=0)


def _gamma(
    weights: Mapping[tuple[str, str], Any], groups: Sequence[ChannelGroup]
) -> dict[str, NDArray[np.float64]]:
    found = {}
    for group in groups:
        axes = [axis for axis in group.carriers if axis.weight == "gamma"]
        sums = [
            per_channel(np.abs(weights[axis.layer, "gamma"].numpy()), axis, group.channels)
            for axis in axes
        ]
        if sums:
            found[group.name] = np.mean(sums, axis=0)
    mean = np.mean(np.concatenate(list(found.values()))) if found else 1.0
    scaled = {name: values / mean if mean else values for name, values in found.items()}
    return {group.name: scaled.get(group.name, _norms(weights, group, 1)) for group in groups}


def _taylor(
    model: Any, groups: Sequence[ChannelGroup], train: Split, samples: int, seed: int
) -> dict[str, NDArray[np.float64]]:
    import tensorflow as tf

    weights = weights_by_name(model)
    axes = [(group, axis) for group in groups for axis in group.consumers]
    variables = [weights[axis.layer, axis.weight] for _, axis in axes]

    def effects(gradients: list[Any]) -> list[Any]:
        totals = {group.name: tf.zeros(group.channels) for group in groups}
        for (group, axis), variable, gradient in zip(axes, variables, gradients, strict=True):
            others = [other for other in range(len(variable.shape)) if other != axis.axis]
            positions = tf.reduce_sum(variable.value * gradient, others)
            # Positions of other groups are -1, which the sum leaves out.
            totals[group.name] += tf.math.unsorted_segment_sum(
                positions, tf.constant(axis.channels), group.channels
            )
        return [tf.abs(total) for total in totals.values()]

    means = mean_over_samples(model, train, variables, effects, samples=samples, seed=seed)
    return {group.name: mean for group, mean in zip(groups, means, strict=True)}


def _over_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = values.mean()
    return values / mean if mean > 0 else values
