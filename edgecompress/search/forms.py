"""Forms of the original that fit: fewer channels, convolutions in two parts, kernels in 4 bits.

None is best everywhere. Two parts take an eighth of the bytes but lose more of what was learnt;
where RAM is short, only fewer channels help; 4 bits keep what was learnt, but take half of the
bytes at most, and more code. So each is trained for a few epochs, see race.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from edgecompress.graph.separate import POINTWISE
from edgecompress.prune.scores import Scores
from edgecompress.prune.sensitivity import Sensitivity, by_sensitivity
from edgecompress.prune.widths import Values
from edgecompress.quantize.qat import can_be_aware
from edgecompress.search.attempt import Job
from edgecompress.search.narrow import Cuts, converted_shortfall, cut_to_fit, learn_cuts, weigh
from edgecompress.search.ranks import separate_to_fit
from edgecompress.search.teach import is_near
from edgecompress.tflite.int4 import BITS

# The names of the steps that make these forms.
SHRINKING = ("prune", "separate", "int4", "int4-prune", "int4-separate")

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
        near: for forms of 4 bits, whether it is so near the original that it can be trained under
            rounding at once.
        alpha: share of the teacher with which it learns best; None: the recipe's.
    """

    step: str
    model: Any
    fits: bool
    why: str
    notes: tuple[str, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    weight_bits: int = 8
    near: bool = False
    alpha: float | None = None


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
    """Yield the forms with large kernels in 4 bits, if these bring the original nearer to fit.

    There are none if it cannot be trained with rounding, without which 4 bits are too few.
    """
    if job.recipe.weight_bits != BITS or not can_be_aware(job.original):
        return
    smaller = replace(job, weight_bits=BITS)
    missing = converted_shortfall(smaller, job.original)
    if missing >= converted_shortfall(job, job.original):
        return
    if missing <= 0:
        yield Form("int4", job.original, fits=True, why=_FOUR_BITS, weight_bits=BITS, near=True)
        return
    for form in _forms(smaller, learn_cuts(smaller), worth):
        why, near = f"{_FOUR_BITS}; {form.why}", is_near(job, form.model)
        yield replace(form, step=f"int4-{form.step}", why=why, weight_bits=BITS, near=near)
        if near:
            return  # little had to go: no other form keeps more of the original


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
    """Return the original with convolutions in two parts, if any is worth it.

    If these do not suffice, channels go too, by what they are worth in the original: this model is
    not trained yet.
    """
    parts = separate_to_fit(job)
    if parts is None:
        return None
    if parts.fits:
        return Form("separate", parts.model, fits=True, why=str(parts))
    small = replace(job, original=parts.model)
    cuts = learn_cuts(small)
    why = f"{parts}; and fewer channels"
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
