"""Forms of the original that fit: fewer channels, or convolutions in two parts.

Neither is better everywhere. Two parts take an eighth of the bytes but lose more of what was
learnt; where RAM is short, only fewer channels help. So both are trained for a few epochs.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgecompress.compression.attempt import Job, metric_lost
from edgecompress.compression.narrow import Cuts, converted_shortfall, cut_to_fit, learn_cuts, weigh
from edgecompress.compression.scores import Scores
from edgecompress.compression.sensitivity import Sensitivity, by_sensitivity
from edgecompress.compression.separate import POINTWISE, Separable, separable, separate
from edgecompress.compression.train import finetune
from edgecompress.compression.training import Training
from edgecompress.compression.widths import Values
from edgecompress.evaluate import evaluate
from edgecompress.metrics import primary_metric

_log = logging.getLogger(__name__)

SHRINKING = ("prune", "separate")  # the names of the steps that make these forms

# A convolution is separated if that saves this share of the model's weights or more.
_WORTHWHILE = 0.01
# While this share of its weights is too much, channels go instead of one more convolution: those
# left are small, and lose much when they are separated.
_NEARLY = 0.3
_RACE_SHARE = 1 / 15  # of the epochs of a full training


@dataclass(frozen=True)
class Form:
    """A smaller model in place of the original, not trained yet.

    Attributes:
        step: how it was made, one of `SHRINKING`.
        model: a keras.Model.
        fits: whether it fits; if not, nothing smaller of this form is possible.
        why: what was done, and what chose it.
        notes: on channels that must stay.
        sensitivity: how much each channel group matters, if that was measured.
    """

    step: str
    model: Any
    fits: bool
    why: str
    notes: tuple[str, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()


def forms_that_fit(job: Job) -> tuple[Form, ...]:
    """Return the forms of the original to choose from: those that fit, or the one that is nearest.

    Raises:
        ModelError: the original is not functional.
    """
    cuts = learn_cuts(job)
    scores = cuts.score(job, job.recipe.score)
    rows = weigh(job, cuts, scores)
    worth = _Worth(scores, by_sensitivity(scores, rows))
    pruned = replace(_pruned(job, cuts, worth, "prune", "fewer channels"), sensitivity=rows)
    separated = _separated(job, worth)
    forms = (pruned,) if separated is None else (pruned, replace(separated, sensitivity=rows))
    fitting = tuple(form for form in forms if form.fits)
    return fitting or (min(forms, key=lambda form: converted_shortfall(job, form.model)),)


@dataclass(frozen=True)
class _Worth:
    """What channels are worth, by group: within it, and against other groups."""

    scores: Scores
    values: Values


def _pruned(job: Job, cuts: Cuts, worth: _Worth, step: str, why: str) -> Form:
    """Cut a model to the channels of most value that fit."""
    narrowed = cut_to_fit(job, cuts, worth.scores, worth.values)
    return Form(step, narrowed.model, narrowed.fits, why, cuts.notes)


def _separated(job: Job, worth: _Worth) -> Form | None:
    """Return the original with as few convolutions in two parts as it takes to fit.

    The room that is left is given to higher ranks. If it nearly fits, or all are separated and it
    does not fit yet, channels go too, by what they are worth in the original: this model is not
    trained yet.

    Returns:
        None if no convolution is worth separating.
    """
    layers = _worthwhile(job.original)
    ranks: dict[str, int] = {}
    for layer in layers:
        ranks[layer.path] = 1
        model = separate(job.original, ranks)
        missing = converted_shortfall(job, model)
        if missing <= 0:
            ranks = _raised(job, layers, ranks)
            return Form("separate", separate(job.original, ranks), fits=True, why=_in_words(ranks))
        if missing <= _NEARLY * model.count_params():  # in int8, a byte each
            break
    if not ranks:
        return None
    small = replace(job, original=model)
    cuts = learn_cuts(small)
    why = f"{_in_words(ranks)}; and fewer channels"
    return _pruned(small, cuts, _renamed(worth, cuts), "separate", why)


def _renamed(worth: _Worth, cuts: Cuts) -> _Worth:
    """Return what the channels of the original are worth, for the groups of its separated form.

    A group that the original does not have counts as little as can be.
    """
    names = {group.name: group.name.removesuffix(POINTWISE) for group in cuts.groups}
    nothing = {group.name: np.zeros(group.channels) for group in cuts.groups}
    return _Worth(
        {name: worth.scores.get(old, nothing[name]) for name, old in names.items()},
        {name: worth.values.get(old, nothing[name].tolist()) for name, old in names.items()},
    )


def fastest_learner(job: Job, forms: Sequence[Form], settings: Training) -> Form:
    """Train each form for a few epochs, and return the one that does best, as it then is.

    Args:
        job: its validation split decides.
        forms: at least one.
        settings: how they will be trained in full.
    """
    if len(forms) == 1:
        return forms[0]
    epochs = max(1, round(_RACE_SHARE * settings.epochs))
    seconds = _RACE_SHARE * job.seconds_left
    short = replace(settings, epochs=epochs, patience=None, deadline_seconds=max(1.0, seconds))
    metric, _ = primary_metric(job.task)
    trained = [replace(form, model=taught(job, form.model, short)) for form in forms]
    reached = [evaluate(form.model, job.validation, job.task)[metric] for form in trained]
    told = ", ".join(
        f"{value:.4f} by {form.step}" for form, value in zip(trained, reached, strict=True)
    )
    _log.info("validation %s after %d epochs: %s", metric, epochs, told)
    best = min(range(len(forms)), key=lambda number: metric_lost(job, reached[number]))
    why = f"{forms[best].why} (validation {metric} after {epochs} epochs: {told})"
    return replace(trained[best], why=why)


def taught(job: Job, model: Any, settings: Training) -> Any:
    """Train `model` on the labels and on the original's answers."""
    return finetune(
        model,
        job.train,
        job.validation,
        settings,
        teacher=job.original,
        task=job.task,
        keeping=job.keeping,
    )


def _worthwhile(model: Any) -> tuple[Separable, ...]:
    """Return the convolutions worth separating, those that save most first."""
    least = _WORTHWHILE * model.count_params()
    saving = [(layer.parameters(None) - layer.parameters(1), layer) for layer in separable(model)]
    ordered = sorted(saving, key=lambda pair: -pair[0])
    return tuple(layer for saved, layer in ordered if saved >= least)


def _raised(job: Job, layers: Sequence[Separable], ranks: dict[str, int]) -> dict[str, int]:
    """Raise ranks while the model fits: first where a byte wins back most of what was lost."""
    open_layers = [layer for layer in layers if layer.path in ranks]
    while open_layers:
        layer = max(open_layers, key=lambda layer: _gain(layer, ranks[layer.path]))
        higher = {**ranks, layer.path: ranks[layer.path] + 1}
        pays = layer.parameters(higher[layer.path]) < layer.parameters(None)
        if pays and converted_shortfall(job, separate(job.original, higher)) <= 0:
            ranks = higher
        else:
            open_layers.remove(layer)
    return ranks


def _gain(layer: Separable, rank: int) -> float:
    """Return the share of the kernel won back by the next rank, for each weight it takes."""
    last = len(layer.lost) - 1
    won = layer.lost[min(rank - 1, last)] - layer.lost[min(rank, last)]
    return won / layer.parameters(1)


def _in_words(ranks: dict[str, int]) -> str:
    named = ", ".join(f"{path} (rank {rank})" for path, rank in ranks.items())
    return f"depthwise and pointwise convolutions instead of {named}"
