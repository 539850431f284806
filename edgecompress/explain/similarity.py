"""How alike two occlusion maps are, and what that is worth."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.explain.occlusion import Maps

Row = NDArray[np.float64]  # [n]; NaN where neither model has evidence to compare

STEP = 1 / 256  # what int8 probabilities resolve: less than that is no difference
TOP_SHARE = 0.1
_RESAMPLES = 1000


def rank_correlations(first: Maps, other: Maps) -> Row:
    """Return Spearman's rank correlation of each sample's two maps.

    Maps are rounded to steps of 1/256, as int8 probabilities are, so that a float model's
    differences below that are ties, as they are in int8. Where one model has a flat map, which no
    place changes, and the other has not, the correlation is 0; where both have, NaN.
    """
    return np.array([_spearman(a, b) for a, b in zip(_ranks(first), _ranks(other), strict=True)])


def between_samples(maps: Maps) -> float:
    """Return the mean rank correlation between maps of different samples: likeness by chance.

    Maps of one model resemble each other a little even so, because what matters tends to lie at the
    same places. 0 where there is nothing to compare.
    """
    ranks = _ranks(maps)
    pairs = [_spearman(a, b) for at, a in enumerate(ranks) for b in ranks[:at]]
    known = [value for value in pairs if not np.isnan(value)]
    return float(np.mean(known)) if known else 0.0


def top_overlaps(first: Maps, other: Maps) -> Row:
    """Return the share of each sample's most telling places, a tenth of all, that are the same.

    Where several places tie for the last of them, each counts as a part of one.
    """
    most = max(1, round(TOP_SHARE * first.shape[1]))
    pairs = zip(_steps(first), _steps(other), strict=True)
    return np.array([np.minimum(_shares(a, most), _shares(b, most)).sum() / most for a, b in pairs])


def interval(values: Row, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of a mean over samples, by the bootstrap's percentiles.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    drawn = np.random.default_rng(seed).choice(values, (_RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def _steps(maps: Maps) -> Maps:
    return np.asarray(np.round(maps / STEP))


def _ranks(maps: Maps) -> NDArray[Any]:
    from scipy.stats import rankdata

    return np.asarray(rankdata(_steps(maps), axis=1))


def _spearman(first: Row, other: Row) -> float:
    flat = int(np.ptp(first) == 0) + int(np.ptp(other) == 0)
    if flat:
        return float("nan") if flat > 1 else 0.0
    return float(np.corrcoef(first, other)[0, 1])


def _shares(values: Row, most: int) -> Row:
    """Return how much of each place is among the `most` largest: 1, 0, or a part if it ties."""
    last = np.sort(values)[-most]
    above, ties = values > last, values == last
    return np.asarray(above + ties * (most - above.sum()) / ties.sum())
