"""Do models look at the same evidence: maps of all on the same samples, against the first one's."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset.split import Split, arrays_of, samples_at
from edgecompress.explain.occlusion import Answer, Maps, baselines, occlusion_maps
from edgecompress.explain.places import Places, places_of
from edgecompress.explain.probabilities import probabilities
from edgecompress.explain.similarity import (
    Row,
    between_samples,
    interval,
    rank_correlations,
    top_overlaps,
)
from edgecompress.progress import doing

Finding = Literal["same", "elsewhere", "unclear", "nothing to compare"]


@dataclass(frozen=True)
class Likeness:
    """How one model's maps compare with the first model's."""

    maps: Maps
    rank_correlations: Row  # NaN for a sample whose map is flat in both
    top_overlaps: Row  # NaN likewise

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which samples [n] have something to compare."""
        return ~np.isnan(self.rank_correlations)

    @cached_property
    def mean(self) -> float | None:
        """The mean rank correlation, or None without anything to compare."""
        return float(self.rank_correlations[self.known].mean()) if self.known.any() else None

    @cached_property
    def mean_overlap(self) -> float | None:
        """The mean overlap of the most telling places, or None without anything to compare."""
        return float(self.top_overlaps[self.known].mean()) if self.known.any() else None

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of `mean` over samples."""
        return interval(self.rank_correlations[self.known]) if self.known.any() else None


@dataclass(frozen=True)
class Evidence:
    """What models look at.

    Attributes:
        samples: positions [n] in the split that was given.
        classes: the class [n] that the first model answers, which all maps are of.
        places: of each input.
        models: the first one, which is compared with itself, and the others.
        chance: the mean rank correlation between the first model's maps of different samples.
    """

    samples: NDArray[np.int64]
    classes: NDArray[np.int64]
    places: tuple[Places, ...]
    models: tuple[Likeness, ...]
    chance: float

    @property
    def threshold(self) -> float:
        """The rank correlation halfway between that of other samples and that of equal maps.

        Below it, a model's maps are nearer to those of other samples than to the first model's of
        the same sample. It is a convention: nothing else tells how much likeness is enough.
        """
        return (self.chance + 1) / 2

    def finding(self, model: Likeness) -> Finding:
        """Say whether a model looks at the same evidence as the first.

        "unclear" where the threshold lies within the interval of the mean: samples are too few, or
        the model does so in part.
        """
        if model.interval is None:
            return "nothing to compare"
        low, high = model.interval
        return (
            "same" if low >= self.threshold else "elsewhere" if high < self.threshold else "unclear"
        )


def gather(
    first: Any, answers: Sequence[Answer], split: Split, samples: NDArray[np.int64], typical: Split
) -> Evidence:
    """Return the evidence of models on the same samples.

    Args:
        first: the first model, a keras.Model or the bytes of a .tflite.
        answers: of each model, the first one's first.
        split: where the samples are.
        samples: positions [n] in it.
        typical: samples whose mean covers what is covered.
    """
    x = samples_at(split.x, samples)
    classes = probabilities(answers[0](x)).argmax(axis=1)
    places = tuple(places_of(values.shape[1:]) for values in arrays_of(x))
    covers = baselines(first, typical)
    maps = []
    with doing("covering parts of samples, place by place") as tell:
        for number, answer in enumerate(answers, 1):
            maps.append(occlusion_maps(answer, x, classes, places, covers))
            tell(number / len(answers))
    models = tuple(_likeness(maps[0], each) for each in maps)
    return Evidence(samples, classes, places, models, between_samples(maps[0]))


def _likeness(first: Maps, other: Maps) -> Likeness:
    correlations = rank_correlations(first, other)
    overlaps = top_overlaps(first, other)
    return Likeness(other, correlations, np.where(np.isnan(correlations), np.nan, overlaps))
