"""What a user sees while a model is trained."""

import io
import logging
import re
import sys
import time

import numpy as np
import pytest

from edgecompress.cli.output.progress import QUIET, VERBOSE, messages
from edgecompress.dataset import Split
from edgecompress.keras_files.model import import_keras
from edgecompress.progress import doing
from edgecompress.train.clock import clock
from edgecompress.train.fine_tune import Training, finetune

EPOCHS = 3


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def train(monkeypatch):
    """Train something small with stderr as given; return the epochs as they were reported."""
    monkeypatch.setattr("edgecompress.train.epochs._SECONDS_BETWEEN_MESSAGES", 0.0)

    def run(stderr, epochs=EPOCHS, **settings):
        monkeypatch.setattr(sys, "stderr", stderr)
        keras = import_keras()
        keras.utils.set_random_seed(0)  # at some starts, training gains nothing
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        x = np.random.default_rng(0).standard_normal((300, 4), dtype=np.float32)
        data, seen = Split(x, (x[:, 0] > 0).astype(np.int64)), []
        plan = Training(epochs=epochs, learning_rate=1e-2, **settings)
        with messages("test"):
            finetune(model, data, data, plan, on_epoch=seen.append)
        return seen

    return run


def _shown(screen):
    """What a terminal shows line by line, without what moves the cursor and colours it."""
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in re.split(r"[\r\n]+", screen)]


def test_a_terminal_shows_where_training_is_in_one_line(train, monkeypatch):
    monkeypatch.setattr("edgecompress.cli.output.live._PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr("edgecompress.cli.output.live._TIMES_A_SECOND", 1000)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    screen = Screen()
    train(screen, epochs=40)
    shown = _shown(screen.getvalue())
    training = [line for line in shown if "training: epoch" in line]
    assert training
    assert any("estimated" in line for line in training)  # not yet in the first step
    assert all(re.search(r"\d:\d\d:\d\d", line) for line in training)
    assert screen.getvalue().endswith("\x1b[2K")  # nothing of it stays
    assert sum(line.startswith("best of training") for line in shown) == 1


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_move_back_gets_lines(train, monkeypatch, term):
    monkeypatch.setenv("TERM", term)
    screen = Screen()
    train(screen)
    assert "\x1b" not in screen.getvalue()


def test_what_is_done_is_said_once_and_what_it_consists_of_on_demand(monkeypatch):
    def said(verbosity):
        log = io.StringIO()
        monkeypatch.setattr(sys, "stderr", log)
        with (
            messages("test", verbosity),
            doing("quantize", said="step 1: quantize"),
            doing("a part", said=True),
        ):
            logging.getLogger("edgecompress").warning("warning: hot")
        return log.getvalue().splitlines()

    assert said(0) == ["step 1: quantize", "warning: hot"]
    assert said(QUIET) == ["warning: hot"]
    assert said(VERBOSE) == ["step 1: quantize", "a part", "warning: hot"]


def test_what_is_printed_makes_the_lines_go_first(monkeypatch):
    monkeypatch.setattr("edgecompress.cli.output.live._PATIENCE_SECONDS", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdout", screen)
    with messages("test"), doing("wait") as tell:
        _until(lambda: "wait" in screen.getvalue())
        tell(0.25)
        _until(lambda: "estimated" in screen.getvalue())
        print("result")  # noqa: T201
        time.sleep(0.3)
        after = screen.getvalue().partition("result\n")[2]
        assert "wait" not in after
        with doing("go on"):
            _until(lambda: "go on" in screen.getvalue())
    assert sys.stdout is screen


def _until(happens, seconds=60):
    began = time.monotonic()
    while not happens():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)


def test_a_log_file_gets_a_line_for_each_epoch_and_no_control_characters(train):
    log = io.StringIO()
    train(log)
    lines = log.getvalue().splitlines()
    assert "\x1b" not in log.getvalue()
    assert [line[:10] for line in lines[:-1]] == [f"epoch {n}/{EPOCHS}:" for n in (1, 2, 3)]
    assert all(", estimated " in line for line in lines[:-1])


def test_the_estimate_goes_by_epochs_and_by_the_deadline(train):
    for limit in (None, 1000.0):
        epochs = train(io.StringIO(), deadline_seconds=limit)
        for epoch in epochs:
            wanted = epoch.seconds / epoch.number * (EPOCHS - epoch.number)
            assert epoch.seconds_left == pytest.approx(wanted, rel=0.05, abs=0.1)
    many = train(io.StringIO(), epochs=10**6, patience=1, deadline_seconds=60.0)
    for epoch in many:
        assert epoch.seconds_left == pytest.approx(60 - epoch.seconds, abs=0.1)


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (3723, "1:02:03")])
def test_durations(seconds, text):
    assert clock(seconds) == text
