"""The trials of a search: resumed, and shared by processes. No model is trained here."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import REPOSITORY

from edgecompress.search.place import Place
from edgecompress.search.study import finished, forget_trials, number_of, run_trials

FIRST = [{"x": 0.0}]


def _score(trial) -> float:
    return -((trial.suggest_float("x", -10.0, 10.0) - 3.0) ** 2)


def _run(place: Place, count: int, objective=_score, seconds: float = 60.0, first=FIRST):
    until = time.monotonic() + seconds
    return run_trials(place, objective, first, count=count, until=until, seed=0, prunes=True)


def _drawn(study) -> list[float]:
    return [trial.params["x"] for trial in finished(study)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "kept", "some study", None)


def test_a_study_goes_on_where_it_stopped_with_what_it_would_have_drawn(
    place: Place, tmp_path: Path
) -> None:
    undisturbed = _drawn(_run(Place(tmp_path / "other", "some study", None), 12))
    assert undisturbed[0] == 0.0
    assert _drawn(_run(place, 5)) == undisturbed[:5]
    assert _drawn(_run(place, 12)) == undisturbed
    assert _drawn(_run(place, 12)) == undisturbed  # nothing is left to do


def test_a_trial_that_was_cut_short_is_run_again(place: Place, tmp_path: Path) -> None:
    undisturbed = _drawn(_run(Place(tmp_path / "other", "some study", None), 9))
    calls = []

    def interrupted(trial) -> float:
        calls.append(trial.number)
        score = _score(trial)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return score

    with pytest.raises(KeyboardInterrupt):
        _run(place, 9, interrupted)
    assert _drawn(_run(place, 9)) == undisturbed


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_an_interruption_leaves_no_gap_and_no_other_order(
    place: Place, tmp_path: Path, cut: int
) -> None:
    first = [{"x": 3.0}, {"x": -1.0}, {"x": 7.0}]
    undisturbed = _run(Place(tmp_path / "other", "some study", None), 6, first=first)
    calls = []

    def interrupted(trial) -> float:
        calls.append(trial.number)
        score = _score(trial)
        if len(calls) in (cut, cut + 1):  # the trial that is run again, too
            raise KeyboardInterrupt
        return score

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            _run(place, 6, interrupted, first=first)
    study = _run(place, 6, first=first)
    assert _drawn(study) == _drawn(undisturbed)
    assert [number_of(study, place, trial.number) for trial in finished(study)] == [*range(6)]


@pytest.mark.parametrize("cut", [1, 2, 3, 8])
def test_a_trial_that_ends_while_it_draws_is_drawn_again_whole(
    place: Place, tmp_path: Path, cut: int
) -> None:
    first = [{"x": 3.0, "y": 2.0}, {"x": -1.0, "y": 1.0}]
    calls = []

    def score(trial) -> float:
        calls.append(trial.number)
        drawn = [trial.suggest_float("x", -10.0, 10.0)]
        if len(calls) in (cut, cut + 1):
            raise KeyboardInterrupt
        return drawn[0] + trial.suggest_float("y", 0.0, 5.0)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            _run(place, 9, score, first=first)
    ended = [trial.params for trial in finished(_run(place, 9, score, first=first))]
    calls[:] = [0] * 9
    undisturbed = _run(Place(tmp_path / "other", "some study", None), 9, score, first=first)
    assert ended == [trial.params for trial in finished(undisturbed)]


def test_no_trial_is_begun_that_would_not_end_in_time(place: Place) -> None:
    assert _drawn(_run(place, 5, seconds=-1.0)) == []


def test_another_run_s_trials_are_forgotten(place: Place) -> None:
    _run(place, 3)
    forget_trials(place)
    assert len(_drawn(_run(place, 2))) == 2


_WORKER = """
import sys, time
from pathlib import Path
from edgecompress.search.place import Place
from edgecompress.search.study import run_trials

def score(trial):
    time.sleep(0.2)
    trial.set_user_attr("worker", sys.argv[3])
    return -abs(trial.suggest_float("x", -10.0, 10.0))

run_trials(Place(Path(sys.argv[1]), "shared", sys.argv[2]), score, [{"x": 0.0}],
           count=12, until=time.monotonic() + 120, seed=0, prunes=True)
"""


@pytest.mark.slow
def test_two_processes_begin_together_and_share_the_trials_of_one_database(tmp_path: Path) -> None:
    url = f"sqlite:///{(tmp_path / 'shared.db').as_posix()}"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(tmp_path / name), url, name], cwd=REPOSITORY
        )
        for name in ("one", "two")
    ]
    assert [worker.wait(timeout=300) for worker in workers] == [0, 0]
    study = _run(Place(tmp_path, "shared", url), 0)
    trials = finished(study)
    assert {trial.user_attrs["worker"] for trial in trials} == {"one", "two"}
    assert 12 <= len(trials) <= 13  # one may have been under way when the other was the last
    drawn = _drawn(study)
    assert len(set(drawn)) == len(drawn)
    assert [path.name for path in tmp_path.iterdir() if "lock" in path.name] == []
