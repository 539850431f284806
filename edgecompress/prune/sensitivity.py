"""How much each group matters: what the model loses when some of its channels go, untrained."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecompress.dataset import Split, Task
from edgecompress.dataset.split import arrays_of
from edgecompress.graph.groups import ChannelGroup
from edgecompress.keras_files.outputs import predictor
from edgecompress.metrics import measure, primary_metric
from edgecompress.progress import doing
from edgecompress.prune.channels import choose_channels
from edgecompress.prune.scores import Scores, weights_by_name
from edgecompress.train.losses import are_probabilities, label_loss

_HALF = 0.5
_SHARES = (0.25, _HALF, 0.75)
_LEAST = 1e-3  # of the largest added loss: no group is worth nothing
_SAMPLES = 400


@dataclass(frozen=True)
class Sensitivity:
    """What is left of the model without `share` of one group's channels, the least valuable."""

    group: str
    share: float
    metric: float  # the task's primary metric
    loss: float  # mean loss of the labels
    added_loss: float  # against the whole model


def sensitivity(
    model: Any,
    groups: Sequence[ChannelGroup],
    scores: Scores,
    split: Split,
    task: Task,
    *,
    seed: int = 0,
    until: float | None = None,
) -> tuple[Sensitivity, ...]:
    """Measure the model without a quarter, a half and three quarters of each group by itself.

    Nothing is trained: what the channels' readers weigh them with is set to zero for a moment,
    which gives the outputs of surgery.

    Args:
        model: a keras.Model; it is left as it is.
        groups: those to measure.
        scores: say which channels of a group go first.
        split: samples to measure on, at most 400 of them; with labels.
        task: what the model is for.
        seed: of the choice of samples.
        until: time.monotonic() after which no further group is begun.
    """
    some = split.sample(_SAMPLES, seed)
    predict = predictor(model)
    whole = predict(some.x)
    loss_of = _mean_loss(task, some, probabilities=are_probabilities(task, whole))
    before = loss_of(whole)
    rows = []
    with doing("measuring what each group of channels is worth") as tell:
        for number, group in enumerate(groups):
            if until is not None and time.monotonic() > until:
                break
            for share in _SHARES:
                kept = group.channels - int(share * group.channels)
                keep = choose_channels(scores, {group.name: kept}, groups)[group.name]
                with without(model, group, keep):
                    outputs = predict(some.x)
                loss = loss_of(outputs)
                metric = measure(task, outputs, some)[primary_metric(task)[0]]
                rows.append(Sensitivity(group.name, share, metric, loss, loss - before))
            tell((number + 1) / len(groups))
    return tuple(rows)


def by_sensitivity(scores: Scores, rows: Sequence[Sensitivity]) -> dict[str, list[float]]:
    """Scale each group's scores half-way, in logarithms, to what was measured.

    All the way, the lower half of a group would be worth the loss added without it. First-order
    scores tell channels of a group apart well, groups less so: what they add up to is off by a
    factor of up to three. But the measurement is of one group at a time, without training; see
    docs/search.md.

    Returns:
        Scores as `find_widths` weighs them; unscaled, if not every group was measured or nothing
        was lost.
    """
    added = {row.group: row.added_loss for row in rows if row.share == _HALF}
    values = {name: worth.tolist() for name, worth in scores.items()}
    largest = max(added.values(), default=0.0)
    if largest <= 0 or not values.keys() <= added.keys():
        return values
    least = _LEAST * largest
    return {
        name: [worth * (max(added[name], least) / _lower_half(worths)) ** 0.5 for worth in worths]
        for name, worths in values.items()
    }


def _lower_half(worths: Sequence[float]) -> float:
    """Return what the channels add up to that are gone in the measurement; never 0."""
    return sum(sorted(worths)[: int(_HALF * len(worths))]) or sum(worths) or 1.0


@contextmanager
def without(model: Any, group: ChannelGroup, keep: Sequence[int]) -> Iterator[None]:
    """Let the channels of a group that are not in `keep` have no effect for a while."""
    weights = weights_by_name(model)
    variables = [weights[axis.layer, axis.weight] for axis in group.consumers]
    before = [variable.numpy() for variable in variables]
    try:
        for axis, variable in zip(group.consumers, variables, strict=True):
            channels = np.array(axis.channels)
            gone = (channels >= 0) & ~np.isin(channels, keep)
            value = np.array(variable.numpy())
            value[(slice(None),) * axis.axis + (gone,)] = 0
            variable.assign(value)
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


def _mean_loss(task: Task, split: Split, *, probabilities: Any) -> Callable[[Any], float]:
    """Return a function from outputs [n, ...] to the mean loss of the samples' labels."""
    import tensorflow as tf

    target = split.x if task == "reconstruction" else split.y
    graph = tf.function(
        lambda outputs: label_loss(task, target, outputs, probabilities=probabilities)
    )

    def loss_of(outputs: Any) -> float:
        tensors = tuple(tf.constant(each) for each in arrays_of(outputs))
        return float(np.mean(graph(tensors if isinstance(outputs, tuple) else tensors[0])))

    return loss_of
