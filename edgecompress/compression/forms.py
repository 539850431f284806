"""Forms of the original that fit: fewer channels, convolutions in two parts, kernels in 4 bits.

None is best everywhere. Two parts take an eighth of the bytes but lose more of what was learnt;
where RAM is short, only fewer channels help; 4 bits keep what was learnt, but take half of the
bytes at most, and more code. So each is trained for a few epochs, see race.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from edgecompress.compression.attempt import Job
from edgecompress.compression.narrow import Cuts, converted_shortfall, cut_to_fit, learn_cuts, weigh
from edgecompress.compression.scores import Scores
from edgecompress.compression.sensitivity import Sensitivity, by_sensitivity
from edgecompress.compression.separate import POINTWISE, Separable, separable, separate
from edgecompress.compression.widths import Values
from edgecompress.tflite.int4 import BITS

# The names of the steps that make these forms.
SHRINKING = ("prune", "separate", "int4", "int4-prune", "int4-separate")

# A convolution is separated if that saves this share of the model's weights or more.
_WORTHWHILE = 0.01
# While this share of its weights is too much, channels go instead of one more convolution: those
# left are small, and lose much when they are separated.
_NEARLY = 0.3
_FOUR_BITS = "large kernels in 4 bits"


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
        weight_bits: as of `quantize`, with which it fits.
    """

    step: str
    model: Any
    fits: bool
    why: str
    notes: tuple[str, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    weight_bits: int = 8


def forms_that_fit(job: Job) -> tuple[Form, ...]:
    """Return the forms of the original to choose from: those that fit, or the one that is nearest.

    Raises:
        ModelError: the original is not functional.
    """
    cuts = learn_cuts(job)
    scores = cuts.score(job, job.recipe.score)
    rows = weigh(job, cuts, scores)
    worth = _Worth(scores, by_sensitivity(scores, rows))
    found = [*_forms(job, cuts, worth), *_int4_forms(job, worth)]
    forms = [replace(form, sensitivity=rows) for form in found]
    return tuple(form for form in forms if form.fits) or (min(forms, key=partial(_missing, job)),)


def _missing(job: Job, form: Form) -> int:
    return converted_shortfall(replace(job, weight_bits=form.weight_bits), form.model)


def _forms(job: Job, cuts: Cuts, worth: "_Worth") -> Iterator[Form]:
    yield _pruned(job, cuts, worth, "prune", "fewer channels")
    if (separated := _separated(job, worth)) is not None:
        yield separated


def _int4_forms(job: Job, worth: "_Worth") -> Iterator[Form]:
    """Yield the forms with large kernels in 4 bits, if these bring the original nearer to fit."""
    if job.recipe.weight_bits != BITS:
        return
    smaller = replace(job, weight_bits=BITS)
    missing = converted_shortfall(smaller, job.original)
    if missing >= converted_shortfall(job, job.original):
        return
    if missing <= 0:
        yield Form("int4", job.original, fits=True, why=_FOUR_BITS, weight_bits=BITS)
        return
    for form in _forms(smaller, learn_cuts(smaller), worth):
        why = f"{_FOUR_BITS}; {form.why}"
        yield replace(form, step=f"int4-{form.step}", why=why, weight_bits=BITS)


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
        if missing <= _NEARLY * model.count_params() * job.weight_bits / 8:
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
