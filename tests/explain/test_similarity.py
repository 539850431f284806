"""How alike two maps are, against values worked out otherwise."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from edgecompress.explain.similarity import (
    between_samples,
    interval,
    rank_correlations,
    top_overlaps,
)

RNG = np.random.default_rng(0)
MAPS = RNG.uniform(-0.2, 1, (6, 64))
STEPS = np.round(MAPS * 256)


def test_the_rank_correlation_is_scipys():
    other = RNG.uniform(-0.2, 1, (6, 64))
    expected = [
        spearmanr(a, np.round(b * 256)).statistic for a, b in zip(STEPS, other, strict=True)
    ]
    assert rank_correlations(MAPS, other) == pytest.approx(expected)


def test_any_rising_change_leaves_it_at_one():
    assert (rank_correlations(MAPS, np.exp(MAPS)) > 0.999).all()
    assert rank_correlations(MAPS, -MAPS) == pytest.approx(-np.ones(6))


def test_what_int8_cannot_resolve_is_no_difference():
    tiny = RNG.uniform(-1, 1, MAPS.shape) / 4096
    sharp = np.where(np.arange(64) < 5, MAPS, 0.0)
    assert (rank_correlations(sharp, sharp + tiny) > 0.95).all()


def test_a_flat_map_is_like_no_other_and_two_of_them_are_not_compared():
    flat = np.zeros_like(MAPS)
    assert (rank_correlations(MAPS, flat) == 0).all()
    assert np.isnan(rank_correlations(flat, flat + 1e-4)).all()
    assert between_samples(flat) == 0


def test_between_samples_is_the_mean_over_pairs_of_different_ones():
    pairs = [spearmanr(STEPS[a], STEPS[b]).statistic for a in range(6) for b in range(a)]
    assert between_samples(MAPS) == pytest.approx(np.mean(pairs))


def test_the_overlap_counts_equal_places_among_the_top_tenth():
    first, other = np.zeros((1, 20)), np.zeros((1, 20))
    first[0, [3, 7]] = 0.9, 0.8
    other[0, [3, 11]] = 0.5, 0.4
    assert top_overlaps(first, first) == 1
    assert top_overlaps(first, other) == 0.5


def test_places_that_tie_share_their_part():
    first, ties = np.zeros((1, 20)), np.zeros((1, 20))
    first[0, [3, 7]] = 0.9, 0.8
    ties[0, [3, 7, 11, 12]] = 0.5  # two of four are right, whichever are taken
    assert top_overlaps(first, ties) == pytest.approx(0.5)
    assert top_overlaps(first, np.zeros((1, 20))) == pytest.approx(2 / 20)


def test_the_interval_holds_the_mean_and_narrows_with_more_samples():
    few, many = RNG.normal(0.5, 0.2, 10), RNG.normal(0.5, 0.2, 1000)
    low, high = interval(few)
    assert low < few.mean() < high
    low_many, high_many = interval(many)
    assert high_many - low_many < (high - low) / 3
    expected = 1.96 * many.std() / np.sqrt(1000)
    assert (high_many - low_many) / 2 == pytest.approx(expected, rel=0.15)
