"""Prune a model, whole channels or single weights, and train back what that cost."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split, Task
from edgecompress.errors import UsageError
from edgecompress.graph.groups import ChannelGroup, find_groups, group_parameters
from edgecompress.graph.macs import count_macs
from edgecompress.graph.surgery import Keep, prune_channels
from edgecompress.keras_files.outputs import outputs_of
from edgecompress.prune.channels import choose_channels
from edgecompress.prune.rates import widths_for_rate
from edgecompress.prune.scores import score_channels
from edgecompress.prune.weights import (
    Masks,
    Scope,
    Sparsity,
    apply_masks,
    ramp,
    sparsity,
    weight_masks,
)
from edgecompress.train.fine_tune import Epoch, MaskSchedule, finetune
from edgecompress.train.settings import Training

_log = logging.getLogger(__name__)

PruneMethod = Literal["channel", "magnitude", "threshold", "importance"]
PRUNE_METHODS: tuple[str, ...] = get_args(PruneMethod)


@dataclass(frozen=True)
class Pruning:
    """What to remove.

    Attributes:
        method: "channel" removes whole channels, which makes the model smaller and faster; the
            others set single weights to zero, see `weights.weight_masks`.
        rate: share to remove, 0 to below 1; not for "threshold".
        threshold: absolute value up to which weights are removed, for "threshold".
        score: what channels are worth, see `scores.score_channels`; "auto" is "taylor" where there
            are samples for a model of one input, else "l1".
        scope: whether `rate` holds in each "layer" (channel group) by itself, or over all.
        multiple: widths are rounded to multiples of so many channels.
        minimum: channels that each group keeps at least.
        schedule: "polynomial" raises the rate of zeros over the first half of the epochs,
            "one-shot" starts with all of them.
        seed: of the samples chosen for scores.
    """

    method: PruneMethod = "channel"
    rate: float = 0.5
    threshold: float | None = None
    score: str = "auto"
    scope: Scope = "layer"
    multiple: int = 4
    minimum: int = 4
    schedule: Literal["polynomial", "one-shot"] = "polynomial"
    seed: int = 0


@dataclass(frozen=True)
class GroupChange:
    """What became of a channel group."""

    name: str
    producers: tuple[str, ...]  # layers whose outputs are its channels
    channels: int
    kept: int
    parameters: int  # in slices of its channels, before
    frozen: str | None


@dataclass(frozen=True)
class Pruned:
    """A pruned model and what was saved."""

    model: Any  # keras.Model, not compiled
    groups: tuple[GroupChange, ...]
    sparsity: tuple[Sparsity, ...]
    parameters: tuple[int, int]  # before, after
    macs: tuple[int, int]  # multiply-accumulates of one inference, before, after


def prune(
    model: Any,
    pruning: Pruning,
    train: Split | None = None,
    validation: Split | None = None,
    training: Training | None = None,
    *,
    teacher: Any = None,
    task: Task | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Pruned:
    """Prune a copy of `model` and, if `training` has epochs, train it.

    Args:
        model: a functional or Sequential Keras model; it is left as it is.
        pruning: what to remove.
        train: samples for scores by data, and for training.
        validation: samples by which the best epoch is chosen.
        training: how to train afterwards; None or 0 epochs for surgery alone.
        teacher: whose outputs the pruned model learns: by default those of `model` itself.
        task: what the model is for; guessed when None.
        on_epoch: called after each epoch.

    Raises:
        ModelError: the model is not functional. UsageError: a setting is out of range, or needs
        samples and there are none. DataError: the samples do not fit.
    """
    if pruning.method not in PRUNE_METHODS:
        raise UsageError(
            f"method {pruning.method!r} is unknown; it is one of {', '.join(PRUNE_METHODS)}"
        )
    groups = find_groups(model)
    lesson = _Lesson(train, validation, training, teacher or model, task, on_epoch)
    keep = _kept(model, groups, pruning, train) if pruning.method == "channel" else {}
    copy = prune_channels(model, keep)
    if pruning.method == "channel":
        pruned = lesson.learn(copy)
    else:
        pruned = _with_zeros(copy, pruning, lesson)
    return Pruned(
        model=pruned,
        groups=_changes(model, groups, keep),
        sparsity=sparsity(pruned),
        parameters=(model.count_params(), pruned.count_params()),
        macs=(count_macs(model), count_macs(pruned)),
    )


@dataclass(frozen=True)
class _Lesson:
    """What training after pruning is given."""

    train: Split | None
    validation: Split | None
    training: Training | None
    teacher: Any
    task: Task | None
    on_epoch: Callable[[Epoch], None] | None

    @property
    def epochs(self) -> int:
        """Epochs to train, 0 for none."""
        return 0 if self.training is None else self.training.epochs

    def learn(self, model: Any, masks: MaskSchedule | None = None) -> Any:
        """Return a trained copy of `model`."""
        if not self.epochs or self.training is None:
            return model
        if self.train is None:
            raise UsageError("training needs samples; give --data, or --epochs 0")
        validation = self.validation or Split(self.train.x[:0])
        judged = validation if validation.size else self.train
        return finetune(
            model,
            self.train,
            validation,
            self._settings(self.training),
            teacher=self.teacher,
            masks=masks,
            on_epoch=self.on_epoch,
            task=self.task,
            score=None if judged.y is not None or self._measurable(model) else self._agreement,
        )

    def _settings(self, training: Training) -> Training:
        if self.train is not None and self.train.y is None:
            return replace(training, alpha=1.0)  # no labels: the teacher alone
        return training

    def _measurable(self, model: Any) -> bool:
        """Say whether the model can be judged without labels: it reconstructs its input."""
        return self.task == "reconstruction" or model.output_shape == model.input_shape

    def _agreement(self, outputs: NDArray[Any], split: Split) -> float:
        """Judge by how near the outputs are to the teacher's, where there are no labels."""
        return -float(np.mean(np.square(outputs - outputs_of(self.teacher, split.x))))


def _kept(
    model: Any, groups: Sequence[ChannelGroup], pruning: Pruning, train: Split | None
) -> dict[str, list[int]]:
    free = [group for group in groups if group.frozen is None]
    score = pruning.score
    if score == "auto":
        score = "l1" if train is None or len(model.inputs) > 1 else "taylor"
    _log.info("channels scored by %s", score)
    scores = score_channels(model, free, score, train, pruning.seed)
    widths = widths_for_rate(
        free, pruning.rate, pruning.multiple, pruning.minimum,
        scores=scores if pruning.scope == "global" else None,
    )  # fmt: skip
    return choose_channels(scores, widths, free)


def _with_zeros(copy: Any, pruning: Pruning, lesson: _Lesson) -> Any:
    """Set weights of `copy` to zero, more with each epoch of training if the schedule says so."""
    if not lesson.epochs:
        _masked(copy, pruning, pruning.rate, lesson.train)
        return copy
    ramped = pruning.schedule == "polynomial" and pruning.method != "threshold"
    rates = ramp(pruning.rate, max(1, lesson.epochs // 2 if ramped else 1))

    def masks_at(model: Any, epoch: int) -> Masks | None:
        if epoch > len(rates):
            return None
        if ramped:
            _log.info("epoch %d: %.1f %% zeros", epoch, 100 * rates[epoch - 1])
        masks = _masked(model, pruning, rates[epoch - 1], lesson.train)
        trained = {variable.path for variable in model.trainable_variables}
        return {path: mask for path, mask in masks.items() if path in trained}

    learnt = lesson.learn(copy, masks_at)
    if ramped:
        _masked(learnt, pruning, pruning.rate, lesson.train)  # where the time was short
    return learnt


def _masked(model: Any, pruning: Pruning, rate: float, train: Split | None) -> Masks:
    """Set weights of `model` to zero, and return which."""
    masks = weight_masks(
        model, pruning.method, rate=rate, threshold=pruning.threshold, scope=pruning.scope,
        train=train, seed=pruning.seed,
    )  # fmt: skip
    apply_masks(model, masks)
    return masks


def _changes(model: Any, groups: Sequence[ChannelGroup], keep: Keep) -> tuple[GroupChange, ...]:
    parameters = group_parameters(model, groups)
    return tuple(
        GroupChange(
            name=group.name,
            producers=tuple(axis.layer for axis in group.producers),
            channels=group.channels,
            kept=len(keep.get(group.name, range(group.channels))),
            parameters=parameters[group.name],
            frozen=group.frozen,
        )
        for group in groups
    )
