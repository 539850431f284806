"""Searches that share a real PostgreSQL: begun together, killed, cut off. No model is trained."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy
from support import REPOSITORY
from support.postgresql import PASSWORD, QUOTED, free_port, postgresql

from edgecompress.errors import ToolError
from edgecompress.search.place import Place, Watch
from edgecompress.search.study import finished, run_trials

WATCH = Watch(heartbeat_seconds=1, grace_seconds=5, outage_seconds=60)
FIRST = [{"x": 0.0}, {"x": 1.0}]
_WORKER = """
import json, sys, time
from pathlib import Path
from edgecompress.search.place import Place, Watch
from edgecompress.search.study import run_trials

folder, url, count, pause, watch = json.loads(sys.argv[1])
import optuna
print("ready", flush=True)
sys.stdin.readline()

def score(trial):
    drawn = trial.suggest_float("x", -10.0, 10.0)
    print(trial.number, flush=True)
    for step in range(4):
        time.sleep(pause / 4)
        trial.report(-abs(drawn), step)
        trial.should_prune()
    trial.set_user_attr("worker", folder)
    return -abs(drawn)

run_trials(Place(Path(folder), "shared", url, Watch(*watch)), score, [{"x": 0.0}, {"x": 1.0}],
           count=count, until=time.monotonic() + 600, seed=0, prunes=False)
"""


@pytest.fixture(scope="module")
def server():
    with postgresql() as running:
        yield running


@pytest.fixture
def url(server, request) -> str:
    return server.create(f"d{abs(hash(request.node.name))}")


def _workers(url: str, count: int, pause: float, *folders: Path) -> list[subprocess.Popen]:
    """Let runs begin together, however long their imports take."""
    workers = [_start(folder, url, count, pause) for folder in folders]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return workers


def _start(folder: Path, url: str, count: int, pause: float) -> subprocess.Popen:
    watch = (WATCH.heartbeat_seconds, WATCH.grace_seconds, WATCH.outage_seconds)
    said = json.dumps([str(folder), url, count, pause, watch])
    return subprocess.Popen(
        [sys.executable, "-c", _WORKER, said], cwd=REPOSITORY, text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def _ended(worker: subprocess.Popen) -> tuple[int, str]:
    _, errors = worker.communicate(timeout=300)
    return worker.returncode, errors


def _await_heartbeat(url: str) -> None:
    engine = sqlalchemy.create_engine(url.replace("://", "+psycopg://", 1))
    for _ in range(600):
        with engine.connect() as connection:
            if connection.execute(sqlalchemy.text("SELECT 1 FROM trial_heartbeats")).first():
                return
        time.sleep(0.1)
    pytest.fail("the trial has not said for 60 s that it lives")


def _study(url: str, folder: Path):
    place = Place(folder, "shared", url, WATCH)
    return run_trials(place, lambda _: 0.0, FIRST, count=0, until=0.0, seed=0, prunes=False)


def test_three_runs_begin_together_on_an_empty_database(url: str, tmp_path: Path) -> None:
    workers = _workers(url, 12, 1.0, *(tmp_path / str(number) for number in range(3)))
    assert [_ended(worker) for worker in workers] == [(0, "")] * 3
    study = _study(url, tmp_path / "reader")
    trials = finished(study)
    assert 12 <= len(trials) <= 14  # two may have been under way when the last but two ended
    assert len({trial.user_attrs["worker"] for trial in trials}) == 3
    drawn = [trial.params["x"] for trial in trials]
    assert len(set(drawn)) == len(drawn)  # the first ones too were run once
    assert {0.0, 1.0} <= set(drawn)


def test_a_killed_run_s_trial_is_run_again_by_another(url: str, tmp_path: Path) -> None:
    (doomed,) = _workers(url, 100, 600.0, tmp_path / "doomed")
    number = int(doomed.stdout.readline())
    _await_heartbeat(url)  # else its time of grace begins with the others, who are soon done
    doomed.send_signal(signal.SIGKILL)
    doomed.wait()
    time.sleep(WATCH.grace_seconds)
    others = _workers(url, 6, 0.6, tmp_path / "one", tmp_path / "two")
    assert [_ended(worker) for worker in others] == [(0, "")] * 2
    study = _study(url, tmp_path / "reader")
    lost = study.trials[number]
    again = [t for t in finished(study) if number in t.system_attrs.get("retry_history", ())]
    assert lost.state.name == "FAIL"
    assert [trial.params for trial in again] == [lost.params]
    assert not [trial for trial in study.trials if trial.state.name == "WAITING"]


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")
def test_a_trial_that_never_said_it_lives_is_run_again(url: str, tmp_path: Path) -> None:
    begun = _study(url, tmp_path / "killed").ask()  # as if killed before the first heartbeat
    (other,) = _workers(url, 9, 1.0, tmp_path / "other")
    assert _ended(other) == (0, "")
    trials = finished(_study(url, tmp_path / "reader"))
    again = [t for t in trials if begun.number in t.system_attrs.get("retry_history", ())]
    assert [trial.params["x"] for trial in again] == [0.0]


def test_a_trial_that_is_broken_off_is_left_to_be_run_again(url: str, tmp_path: Path) -> None:
    def broken_off(trial) -> float:
        trial.suggest_float("x", -10.0, 10.0)
        raise KeyboardInterrupt

    place = Place(tmp_path, "shared", url, WATCH)
    with pytest.raises(KeyboardInterrupt):
        run_trials(
            place, broken_off, FIRST, count=1, until=time.monotonic() + 60, seed=0, prunes=False
        )
    waiting = [t for t in _study(url, tmp_path).trials if t.state.name == "WAITING"]
    assert sorted(trial.system_attrs["fixed_params"]["x"] for trial in waiting) == [0.0, 1.0]


def test_runs_go_on_after_the_server_was_away(server, url: str, tmp_path: Path) -> None:
    workers = _workers(url, 9, 1.0, *(tmp_path / str(number) for number in range(3)))
    for worker in workers:
        worker.stdout.readline()
    server.stop()
    time.sleep(WATCH.grace_seconds + 1.0)
    server.start()
    ended = [_ended(worker) for worker in workers]
    assert [code for code, _ in ended] == [0] * 3, ended
    assert not [errors for _, errors in ended if "Traceback" in errors]
    study = _study(url, tmp_path / "reader")
    assert 9 <= len(finished(study)) <= 11
    assert not [trial for trial in study.trials if "retry_history" in trial.system_attrs]


def test_a_server_that_stays_away_ends_a_run_with_the_reason(url: str, tmp_path: Path) -> None:
    with postgresql() as other:
        place = Place(tmp_path, "shared", other.url(), Watch(1, 4, outage_seconds=2))

        def cut_off(trial) -> float:
            other.stop()
            return trial.suggest_float("x", -10.0, 10.0)

        with pytest.raises(ToolError, match="has not answered for 2 s") as told:
            run_trials(
                place, cut_off, FIRST, count=3, until=time.monotonic() + 60, seed=0, prunes=False
            )
    assert told.value.exit_code == 6
    assert PASSWORD not in str(told.value)


def _words(tmp_path: Path, url: str) -> tuple[object, ...]:
    (tmp_path / "model.keras").touch()
    return (
        "compress", tmp_path / "model.keras", "--board", "nucleo_f401re", "--data", "digits.npz",
        "-o", tmp_path / "out", "--storage", url,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "s3cret"}, "password authentication failed"),
        ({"password": ""}, "no password supplied"),
        ({"database": "nosuch"}, '"nosuch" does not exist'),
    ],
)
def test_what_a_server_refuses_is_a_usage_error(server, change, words, tmp_path, cli) -> None:
    code, _, stderr = cli(*_words(tmp_path, server.url(**change)))
    assert code == 2, stderr
    assert words in stderr
    assert "~/.pgpass" in stderr
    assert not [part for part in ("Traceback", "s3cret", PASSWORD, QUOTED) if part in stderr]
    assert not (tmp_path / "out").exists()


def test_a_server_that_is_not_there_is_a_failed_tool(tmp_path: Path, cli) -> None:
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'edgecompress[postgresql]'")
    url = f"postgresql://me:s3cret@127.0.0.1:{free_port()}/trials"
    code, _, stderr = cli(*_words(tmp_path, url))
    assert code == 6, stderr
    assert "does not answer: " in stderr
    assert "refused" in stderr
    assert "start its server" in stderr
    assert not [part for part in ("Traceback", "s3cret") if part in stderr]


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("postgresql://me:s3cret@host:port/trials", 2, "no URL of a database"),
        ("mysql+nosuch://me:s3cret@host/trials", 2, "mysql.nosuch"),
        ("mysql+aiomysql://me:s3cret@host/trials", 6, "is not installed: pip install"),
    ],
)
def test_a_url_that_cannot_be_used_is_said_without_its_password(
    url: str, code: int, words: str, tmp_path: Path, cli
) -> None:
    ended, _, stderr = cli(*_words(tmp_path, url))
    assert ended == code, stderr
    assert words in stderr
    assert not [part for part in ("Traceback", "s3cret") if part in stderr]
