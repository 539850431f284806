"""No command asks for a network: sockets are refused and noted, interfaces are away."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from support import REPOSITORY

OFFLINE = REPOSITORY / "tests" / "support" / "offline"
BOARD = "nucleo_f401re"
DATA = ("--data", "digits.npz")
QUICK = [
    ("boards", "list"),
    ("boards", "show", BOARD),
    ("init", "--model", "digits.keras", *DATA, "--board", BOARD),
    ("doctor",),
    ("fit", "digits.tflite", "--board", BOARD),
    ("check", "digits.keras", "--board", BOARD),
    ("inspect", "digits.tflite", "--verify"),
    ("pack", "digits.tflite", "-o", "packed.tflite"),
    ("generate", "digits.tflite", "--board", BOARD, "-o", "firmware"),
    ("generate", "digits.tflite", "--board", BOARD, "-o", "host", "--framework", "host",
     "--runtime", "c"),
    ("verify", "firmware"),
    ("build", "host"),
    ("emulate", "host"),
    ("tflm", "check", "host"),
    ("quantize", "digits.keras", *DATA, "-o", "again.tflite"),
    ("evaluate", "digits.tflite", *DATA),
    ("compare", "digits.keras", "digits.tflite", *DATA, "--board", BOARD),
]  # fmt: skip
LONG = [
    ("prune", "digits.keras", *DATA, "-o", "pruned.keras", "--epochs", "1"),
    ("separate", "digits.keras", *DATA, "-o", "parts.keras", "--epochs", "1"),
    ("distill", "digits.keras", "--student", "auto", *DATA, "-o", "taught.keras", "--epochs", "1"),
    ("explain", "digits.keras", "digits.tflite", *DATA),
    ("compress", "digits.keras", *DATA, "--board", BOARD, "-o", "out", "--time-budget", "1m"),
    ("report", "out"),
    ("demo", "--board", BOARD, "-o", "demo-out"),
]
# A tool may be missing on this machine (6): a compiler, or TFLM.
ENDS = {0, 6}
PROGRAM = """
import json, sys
from edgecompress.cli import main
codes = []
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as ended:
        codes.append(ended.code or 0)
print("\\n" + json.dumps(codes))
"""


def without_interfaces():
    """Return what starts a program in a network of its own with no way out, if it can be had."""
    tool = ["unshare", "--map-root-user", "--net"]
    there = shutil.which(tool[0]) is not None
    return tool if there and subprocess.run([*tool, "true"], check=False).returncode == 0 else []


def asked_for(folder, *arguments):
    """Run Python in a folder; return what it printed, and each use of a network it tried."""
    log = folder / "asked.txt"
    path = os.pathsep.join([str(OFFLINE), str(REPOSITORY)])
    done = subprocess.run(
        [*without_interfaces(), sys.executable, *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": path, "OFFLINE_LOG": str(log)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, log.read_text() if log.exists() else ""


@pytest.fixture
def folder(digits_files, digits_int8, tmp_path):
    shutil.copytree(digits_files, tmp_path, dirs_exist_ok=True)
    (tmp_path / "digits.tflite").write_bytes(digits_int8)
    return tmp_path


def check(folder, commands):
    output, asked = asked_for(folder, "-c", PROGRAM, json.dumps(commands))
    codes = dict(zip(commands, json.loads(output.splitlines()[-1]), strict=True))
    assert asked == ""
    assert {words: code for words, code in codes.items() if code not in ENDS} == {}


def test_what_asks_is_refused_and_noted(tmp_path):
    program = (
        "import socket\n"
        "try:\n    socket.create_connection(('192.0.2.1', 80), 1)\n"
        "except OSError:\n    print('refused')\n"
        "socket.socketpair()\n"
    )
    output, asked = asked_for(tmp_path, "-c", program)
    assert output == "refused\n"
    assert "socket.getaddrinfo" in asked or "192.0.2.1" in asked


def test_commands_that_train_nothing(folder):
    check(folder, QUICK)


@pytest.mark.slow
def test_commands_that_train(folder):
    check(folder, LONG)


def test_every_command_is_tried():
    from edgecompress.cli import app

    assert {words[0] for words in QUICK + LONG} == set(app.list_commands(None))
