"""`compress` on a terminal never looks stuck; in a pipe it prints no control characters."""

import os
import pty
import re
import subprocess
import sys
import time

import numpy as np
import pytest

from edgecompress.files import BOARDS_DIR

LONGEST_SECONDS = 20  # five are the aim; a machine that does other work gets longer


@pytest.fixture
def words(digits_files, tmp_path):
    arrays = dict(np.load(digits_files / "digits.npz"))
    np.savez(tmp_path / "few.npz", **{name: values[:300] for name, values in arrays.items()})
    return [
        sys.executable, "-m", "edgecompress", "compress", str(digits_files / "digits.keras"),
        "--data", str(tmp_path / "few.npz"), "--board", "nucleo_f401re", "-o", str(tmp_path / "o"),
    ]  # fmt: skip


def _environment(**more):
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100", **more}


def test_a_pipe_gets_lines_without_control_characters(words) -> None:
    done = subprocess.run(words, capture_output=True, text=True, env=_environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", done.stdout + done.stderr)
    lines = done.stderr.splitlines()
    assert lines[0] == "starting TensorFlow"
    steps = [line for line in lines if line.startswith("step 1 of digits.keras")]
    assert len(steps) == 1
    assert "left), quantize: int8 is what the board runs" in steps[0]
    assert "functional" not in done.stderr


def test_quiet_says_results_alone(words) -> None:
    done = subprocess.run(
        [*words, "-q"], capture_output=True, text=True, env=_environment(), check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "It fits NUCLEO-F401RE" in done.stdout


def test_a_terminal_always_shows_something_new(words) -> None:
    shown, longest, code = _on_terminal(words, _environment(TERM="xterm", NO_COLOR="1"))
    assert code == 0, shown
    assert longest < LONGEST_SECONDS
    assert "starting TensorFlow" in shown
    assert "digits.keras: quantize" in shown
    assert re.search(r"0:00:0\d", shown)
    assert not re.search(r"\x1b\[[0-9;]*[34]\dm", shown)  # NO_COLOR: no colours


def _on_terminal(command, environment):
    """Run a command on a pseudo-terminal; return all it shows, its longest silence, its exit."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True
    )
    os.close(theirs)
    parts, longest, last = [], 0.0, time.monotonic()
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux: the last process that had the other end is gone
            break
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
        parts.append(part)
        if not part:
            break
    os.close(ours)
    return b"".join(parts).decode(errors="replace"), longest, process.wait()


def test_a_terminal_is_told_once_what_is_too_large(digits_int8, tmp_path) -> None:
    model, board = tmp_path / "digits.tflite", tmp_path / "tiny.toml"
    model.write_bytes(digits_int8)
    profile = (BOARDS_DIR / "bluepill_f103c8.toml").read_text()
    board.write_text(re.sub(r"size_bytes = [\d_x]+", "size_bytes = 2048", profile))
    words = [sys.executable, "-m", "edgecompress", "fit", str(model), "--board", str(board)]
    shown, _, code = _on_terminal(words, _environment(TERM="xterm"))
    assert code == 5
    assert shown.count("bytes needed") == 2  # flash and RAM, each once
    assert "edgecompress: the model does not fit tiny" in shown
    piped = subprocess.run(words, capture_output=True, text=True, env=_environment(), check=False)
    assert piped.stderr.count("bytes needed") == 2
