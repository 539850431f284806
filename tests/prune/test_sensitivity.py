"""What each group of channels matters, measured."""

import time

import numpy as np
import pytest

from edgecompress.evaluate.score import evaluate
from edgecompress.graph.groups import find_groups
from edgecompress.graph.surgery import prune_channels
from edgecompress.prune.channels import choose_channels
from edgecompress.prune.scores import score_channels
from edgecompress.prune.sensitivity import Sensitivity, by_sensitivity, sensitivity


@pytest.fixture(scope="module")
def groups(digits_model):
    return tuple(group for group in find_groups(digits_model) if group.frozen is None)


@pytest.fixture(scope="module")
def scores(digits_model, groups, digits_splits):
    return score_channels(digits_model, groups, "taylor", digits_splits[0])


def test_it_is_what_surgery_would_cost_and_the_model_stays(
    digits_model, groups, scores, digits_splits
) -> None:
    validation = digits_splits[1]
    before = [weight.copy() for weight in digits_model.get_weights()]
    rows = sensitivity(digits_model, groups, scores, validation, "classification")
    after = digits_model.get_weights()
    assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    assert [(row.group, row.share) for row in rows] == [
        (group.name, share) for group in groups for share in (0.25, 0.5, 0.75)
    ]
    for row in rows[::2]:
        size = len(scores[row.group])
        keep = choose_channels(scores, {row.group: size - int(row.share * size)}, groups)
        pruned = prune_channels(digits_model, keep)
        metrics = evaluate(pruned, validation, "classification")
        assert row.metric == pytest.approx(metrics["accuracy"], abs=0.006)


def test_no_group_is_begun_when_the_time_is_over(
    digits_model, groups, scores, digits_splits
) -> None:
    over = time.monotonic() - 1
    args = (digits_model, groups, scores, digits_splits[1], "classification")
    assert sensitivity(*args, until=over) == ()


def test_groups_are_weighed_by_what_was_lost_without_half_of_them_too() -> None:
    scores = {"a": np.array([1.0, 2.0, 3.0, 4.0]), "b": np.array([4.0, 3.0])}
    rows = [Sensitivity("a", 0.5, 0.0, 0.0, 12.0), Sensitivity("b", 0.5, 0.0, 0.0, 0.75)]
    assert by_sensitivity(scores, rows) == {"a": [2.0, 4.0, 6.0, 8.0], "b": [2.0, 1.5]}
    assert by_sensitivity(scores, rows[:1]) == {"a": [1.0, 2.0, 3.0, 4.0], "b": [4.0, 3.0]}


def test_a_group_that_is_better_gone_is_still_worth_something() -> None:
    scores = {"a": np.array([1.0, 1.0]), "b": np.array([1.0, 1.0])}
    rows = [Sensitivity("a", 0.5, 0.0, 0.0, 1.0), Sensitivity("b", 0.5, 0.0, 0.0, -0.1)]
    assert all(worth > 0 for worth in by_sensitivity(scores, rows)["b"])
