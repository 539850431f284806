"""What a user sees while a model is trained."""

import io
import sys

import numpy as np
import pytest

from edgecompress.cli.output.progress import log_to_stderr
from edgecompress.dataset import Split
from edgecompress.keras_files.model import import_keras
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
        log_to_stderr()
        keras = import_keras()
        keras.utils.set_random_seed(0)  # at some starts, training gains nothing
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        x = np.random.default_rng(0).standard_normal((300, 4), dtype=np.float32)
        data, seen = Split(x, (x[:, 0] > 0).astype(np.int64)), []
        plan = Training(epochs=epochs, learning_rate=1e-2, **settings)
        finetune(model, data, data, plan, on_epoch=seen.append)
        return seen

    yield run
    monkeypatch.undo()
    log_to_stderr()


def test_a_terminal_shows_where_training_is_in_one_line(train):
    screen = Screen()
    train(screen)
    shown = screen.getvalue().split("\r\x1b[K")
    steps = [text for text in shown if text.startswith("epoch 2/3, step 3/5: best ")]
    assert len(steps) == 1
    assert ", estimated " in steps[0]
    assert steps[0].endswith(" left")
    assert screen.getvalue().count("\n") == 1
    assert "best of training" in shown[-1]


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
