"""Kills and interruptions of `edgecompress compress`: nothing that was worked out is lost."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import REPOSITORY

from edgecompress.report.write import OUTPUTS
from edgecompress.search.forms import SHRINKING
from edgecompress.train import epochs

FILES = ("model.tflite", "model.keras", "report.json", "report.html", "edgecompress.toml")
KILLS = 10
GOAL_MISSED_OR_NOT = (0, 4)


@pytest.fixture(scope="module")
def words(digits_files, tmp_path_factory):
    """A run that quantizes, prunes and trains in vain, which takes two trainings."""
    recipe = tmp_path_factory.mktemp("recipe") / "short.toml"
    recipe.write_text("max_epochs = 4\nbatch_size = 64\ntrials = 0\n")
    return (
        "compress", str(digits_files / "digits.keras"), "--board", "nucleo_f401re",
        "--data", str(digits_files / "digits.npz"), "--max-model-bytes", "6500",
        "--max-accuracy-drop", "0", "--time-budget", "20m", "--recipe", str(recipe),
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(words, tmp_path_factory):
    from edgecompress.cli import main

    out = tmp_path_factory.mktemp("undisturbed") / "out"
    with pytest.raises(SystemExit):
        main([*words, "-o", str(out), "--resume"])  # with nothing to resume, it begins
    steps = [step["step"] for step in json.loads((out / "report.json").read_text())["steps"]]
    assert steps[0] == "quantize"
    assert steps[1] in SHRINKING
    return out


def _assert_same(out, undisturbed):
    for name in FILES:
        assert (out / name).read_bytes() == (undisturbed / name).read_bytes(), name
    assert not list(out.rglob(".*part"))
    assert not (out / ".edgecompress" / "trainings").exists()


def _signalled_after(monkeypatch, epoch, *signals):
    """Send this process signals once a training comes to the end of an epoch."""
    report = epochs._report

    def report_and_signal(run, done):
        report(run, done)
        if done.number == epoch:
            for number in signals:
                signal.raise_signal(number)

    monkeypatch.setattr(epochs, "_report", report_and_signal)


def test_the_best_so_far_is_kept_when_training_is_interrupted(
    words, undisturbed, tmp_path, cli, monkeypatch
):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        _signalled_after(patch, 2, signal.SIGINT)
        code, _, stderr = cli(*words, "-o", out)
    assert code in GOAL_MISSED_OR_NOT
    assert "Traceback" not in stderr
    facts = json.loads((out / "report.json").read_text())
    assert facts["interrupted"]
    assert "--resume" in facts["summary"]
    assert facts["steps"][-1]["step"] in SHRINKING
    assert facts["fits"]
    assert all((out / name).exists() for name in OUTPUTS)
    cli(*words, "-o", out, "--resume")
    _assert_same(out, undisturbed)


def test_a_run_does_not_mind_that_its_inputs_are_replaced_or_gone(
    words, undisturbed, digits_files, tmp_path, cli, monkeypatch
):
    for name in ("digits.keras", "digits.npz"):
        shutil.copy(digits_files / name, tmp_path)
    own = [word.replace(str(digits_files), str(tmp_path)) for word in words]
    report = epochs._report

    def report_and_replace(run, done):
        report(run, done)
        (tmp_path / "digits.keras").write_bytes(b"trained anew")
        (tmp_path / "digits.npz").unlink(missing_ok=True)

    monkeypatch.setattr(epochs, "_report", report_and_replace)
    code, _, stderr = cli(*own, "-o", tmp_path / "out")
    assert code in GOAL_MISSED_OR_NOT, stderr
    for name in ("model.tflite", "report.json"):
        assert (tmp_path / "out" / name).read_bytes() == (undisturbed / name).read_bytes()


def test_a_second_interruption_ends_a_run_at_once(words, undisturbed, tmp_path, cli, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        _signalled_after(patch, 2, signal.SIGTERM, signal.SIGINT)
        code, _, stderr = cli(*words, "-o", out)
    assert code == 130
    assert "--resume" in stderr
    assert not (out / "report.json").exists()
    cli(*words, "-o", out, "--resume")
    _assert_same(out, undisturbed)


def test_interrupted_before_anything_is_measured(words, tmp_path, cli, monkeypatch):
    monkeypatch.setattr(
        "edgecompress.pipeline.load_for", lambda *_, **__: signal.raise_signal(signal.SIGINT)
    )
    before = signal.getsignal(signal.SIGINT)
    code, stdout, stderr = cli(*words, "-o", tmp_path / "out", "--json")
    assert (code, stdout) == (130, "")
    assert "interrupted before a result was written" in stderr
    assert not (tmp_path / "out").exists()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("more", [(), ("--resume",), ("--force",)])
def test_what_a_kill_left_half_written_is_removed_by_the_next_run(more, tmp_path, cli):
    left = tmp_path / "out" / ".edgecompress" / ".0-quantize.keras.x.edgecompress-part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    model = tmp_path / "nosuch.keras"
    words = ("--board", "nucleo_f401re", "--data", "d.npz", "-o", tmp_path / "out", *more)
    assert cli("compress", model, *words)[0] == 3
    assert not left.exists()


@pytest.mark.parametrize(("name", "content"), [("0.json", "[]"), ("0-quantize.keras", "PK")])
def test_an_attempt_that_cannot_be_read_is_made_anew(
    words, undisturbed, tmp_path, cli, name, content
):
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    (out / ".edgecompress" / name).write_text(content)
    code, _, stderr = cli(*words, "-o", out, "--resume")
    assert code in GOAL_MISSED_OR_NOT
    assert "0.json cannot be read" in stderr
    assert "made anew" in stderr
    _assert_same(out, undisturbed)


def test_attempts_on_other_data_are_not_gone_on_with(words, digits_files, undisturbed, tmp_path):
    from edgecompress.recipe import Recipe
    from edgecompress.search.store import load_attempts, run_key

    recipe = Recipe(model="m", board="b", data="d")
    other = run_key(recipe, ["model", "other data"])
    assert not load_attempts(undisturbed, other)
    assert other != run_key(recipe, ["model", "data"])
    moved = Recipe(model="elsewhere/m", board="b", data="d", time_budget="1h")
    assert run_key(recipe, ["model", "data"]) == run_key(moved, ["model", "data"])


def _run(words, out, log, *more):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with log.open("a") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "edgecompress", *words, "-o", str(out), *more],
            env=environment, stdout=file, stderr=file,
        )  # fmt: skip


def _kill_at(process, log, line, delay_seconds):
    """Kill a run a while after it has said so many lines; return whether it was still there."""
    while process.poll() is None and log.read_text().count("\n") < line:
        time.sleep(0.02)
    time.sleep(delay_seconds)
    process.kill()
    return process.wait() == -signal.SIGKILL


def _lines_until(words, log):
    """Return how many lines a log has up to the first with some words, that one included."""
    return log[: log.index(words)].count("\n") + 1


@pytest.mark.slow
def test_a_run_killed_at_any_moment_comes_to_the_same_bytes(words, tmp_path):
    expected, log = tmp_path / "undisturbed", tmp_path / "undisturbed.log"
    assert _run(words, expected, log).wait() in GOAL_MISSED_OR_NOT, log.read_text()
    said = log.read_text()
    lines = _lines_until("final figures", said)
    rng = random.Random(0)  # noqa: S311 - moments, not secrets
    moments = [(lines * number // (KILLS - 2), rng.random()) for number in range(KILLS - 1)]
    moments.append((_lines_until("epoch 2/", said), 0.0))  # however short epochs are

    def killed_and_resumed(number):
        out, log = tmp_path / str(number), tmp_path / f"{number}.log"
        killed = _kill_at(_run(words, out, log), log, *moments[number])
        more = ("--resume",) if killed else ("--resume", "--force")
        assert _run(words, out, log, *more).wait() in GOAL_MISSED_OR_NOT, log.read_text()
        return killed, log.read_text()

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(killed_and_resumed, range(KILLS)))
    for number in range(KILLS):
        _assert_same(tmp_path / str(number), expected)
    assert sum(killed for killed, _ in runs) >= KILLS - 1  # the last may be done by then
    assert any("going on with epoch" in log for _, log in runs)
    assert sum("resuming after" in log for _, log in runs) >= KILLS // 2
