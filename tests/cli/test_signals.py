"""Ctrl-C and SIGTERM: exit code 130, one plain line, nothing half-written, nothing left running."""

import os
import signal
import subprocess
import sys
import time

import pytest
from support import REPOSITORY, tiny_models

from edgecompress.firmware.toolchain.tools import run

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def words(tmp_path):
    """A command that writes into a folder beside the model."""
    (tmp_path / "model.tflite").write_bytes(tiny_models.dense((1, 64), 40))
    board = ("--board", "mps2_an386", "--force")
    return ("generate", tmp_path / "model.tflite", *board, "-o", tmp_path / "out")


@pytest.fixture
def interrupted(monkeypatch):
    """Let a signal come while a command loads its board; what becomes of it can be given."""

    def raising(number, then=None):
        def load_board(*_):
            try:
                signal.raise_signal(number)
            except BaseException:
                if then is not None:
                    raise then from None
                raise

        monkeypatch.setattr("edgecompress.board.load_board", load_board)

    return raising


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("then", [None, ImportError("initialization failed")])
def test_a_signal_ends_a_command_in_order(words, tmp_path, cli, interrupted, number, then):
    interrupted(number, then)
    before = [signal.getsignal(each) for each in SIGNALS]
    code, stdout, stderr = cli(*words)
    assert (code, stdout) == (130, "")
    assert stderr.count("\n") == 1
    assert "interrupted" in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["model.tflite"]
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_an_import_that_hides_an_interruption_of_compress(tmp_path, cli, monkeypatch):
    def hiding(*_, **__):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    monkeypatch.setattr("edgecompress.pipeline.compress", hiding)
    words = ("model.keras", "--board", "mps2_an386", "--data", "d.npz", "-o", tmp_path / "out")
    code, _, stderr = cli("compress", *words)
    assert code == 130
    assert "defect" not in stderr


def test_a_signal_that_is_ignored_from_outside_stays_so(words, cli, interrupted, monkeypatch):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as by nohup, or a shell's "&"
    interrupted(signal.SIGINT)
    code, _, stderr = cli(*words)
    signal.signal(signal.SIGINT, before)
    assert code != 130
    assert "interrupted" not in stderr


_STUBBORN = """
import signal, time
from edgecompress.cli.signals import ending_on_signals
with ending_on_signals():
    try:
        print("ready", flush=True)
        time.sleep(600)
    finally:
        print("ending", flush=True)
        time.sleep(600)
"""


def _python(program):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    )


def test_a_second_signal_ends_a_command_at_once():
    with _python(_STUBBORN) as process:
        for said in ("ready", "ending"):
            assert process.stdout.readline().strip() == said
            process.terminate()
        assert process.wait() == 130


_BUILDING = """
from edgecompress.cli.signals import ending_on_signals
from edgecompress.firmware.toolchain.tools import run
with ending_on_signals():
    run(["sh", "-c", "sleep 600 & echo $$ > {0}.part; mv {0}.part {0}; wait; sleep 600"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="watches processes as Linux can")
@pytest.mark.parametrize("number", [*SIGNALS, signal.SIGKILL])
def test_no_process_of_a_tool_outlives_a_command(tmp_path, number):
    with _python(_BUILDING.format(tmp_path / "group")) as process:
        while not (tmp_path / "group").exists():
            time.sleep(0.02)
        group = int((tmp_path / "group").read_text())
        process.send_signal(number)
        process.wait()
    until = time.monotonic() + 60
    while _runs(group):
        assert time.monotonic() < until
        time.sleep(0.02)


def _runs(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_a_tool_says_and_returns_is_told():
    ended = run(["sh", "-c", "echo so; echo much >&2; exit 3"])
    assert (ended.returncode, ended.stdout) == (3, "so\nmuch\n")
