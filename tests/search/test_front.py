"""Which of the measured candidates are on the Pareto front, and which one is picked."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecompress.dataset import Split
from edgecompress.recipe import PICKS, Recipe
from edgecompress.search.attempt import Job
from edgecompress.search.front import Measured, pareto_front, pick


def _job(pick_by: str = "accuracy", drop: float = 1.0) -> Job:
    none = Split(None)  # type: ignore[arg-type] # only figures are looked at
    recipe = Recipe(model="m", board="b", data="d", pick=pick_by, max_accuracy_drop=drop)
    return Job(
        recipe=recipe, board=None, original=None, model_sha256="",
        train=none, validation=none,
        task="classification", are_images=False, reference=0.9, goal=0.0, deadline=0.0,
    )  # fmt: skip


def _measured(name: str, accuracy: float, size: int, arena: int, macs: int, fits: bool = True):
    return Measured(name, fits, accuracy, accuracy, size, arena, size + 1000, macs, None)


CANDIDATES = (
    _measured("too large", 0.95, 900, 900, 900, fits=False),
    _measured("best", 0.90, 500, 500, 500),
    _measured("worse and larger", 0.89, 600, 600, 600),
    _measured("small", 0.893, 300, 450, 480),
    _measured("little arena", 0.892, 400, 100, 490),
    _measured("few macs", 0.891, 450, 460, 50),
    _measured("tiny", 0.5, 10, 10, 10),
)


def test_the_front_has_no_candidate_that_another_one_betters() -> None:
    names = [candidate.name for candidate in pareto_front(_job(), CANDIDATES)]
    assert names == ["best", "small", "little arena", "few macs", "tiny"]


@pytest.mark.parametrize(
    ("rule", "name"),
    [("accuracy", "best"), ("size", "small"), ("arena", "little arena"), ("macs", "few macs")],
)
def test_the_pick_is_by_the_users_rule_among_what_is_accurate_enough(rule: str, name: str) -> None:
    picked = pick(_job(rule), CANDIDATES)
    assert picked is not None
    assert picked.name == name


def test_the_most_accurate_is_picked_where_none_is_accurate_enough() -> None:
    worse = [replace(c, int8_metric=c.int8_metric - 0.2) for c in CANDIDATES]
    picked = pick(_job("size"), worse)
    assert picked is not None
    assert picked.name == "best"


def test_nothing_is_picked_of_what_does_not_fit() -> None:
    assert pick(_job(), CANDIDATES[:1]) is None


_FIGURES = st.tuples(st.floats(0, 1), *3 * [st.integers(1, 5)], st.booleans())


@given(st.lists(_FIGURES, min_size=1, max_size=12), st.sampled_from(PICKS))
@settings(max_examples=200, deadline=None)
def test_the_pick_is_on_the_front_and_the_front_is_not_dominated(figures, rule: str) -> None:
    everything = [_measured(str(index), *figure) for index, figure in enumerate(figures)]
    job = _job(rule)
    front = pareto_front(job, everything)
    for one in front:
        for other in everything:
            no_worse = other.int8_metric >= one.int8_metric and all(
                getattr(other, name) <= getattr(one, name)
                for name in ("model_bytes", "arena_bytes", "macs")
            )
            assert not (other.fits and no_worse) or pytest.approx(0) == sum(
                abs(getattr(other, name) - getattr(one, name))
                for name in ("int8_metric", "model_bytes", "arena_bytes", "macs")
            )
    picked = pick(job, everything)
    assert (picked is None) == (not any(candidate.fits for candidate in everything))
    assert picked is None or picked in front
