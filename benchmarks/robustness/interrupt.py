"""Signals at random moments of the commands that write: nothing half-written, nothing left running.

    nice python benchmarks/robustness/interrupt.py [--runs 300] [--seed 0] [--only build]

A command is started as users start it, gets SIGINT, SIGTERM or SIGKILL at a random moment, and is
given again. After the signal the user's files, and what an earlier run wrote, must be as they were,
what lies under a final name complete, and no process left; at SIGINT and SIGTERM the exit code is
130, there is one plain line, and no temporary file is left. The second run must come to the bytes
of one that nobody disturbed, with nothing left of the first. `compress` answers the first SIGINT or
SIGTERM with the best so far. Prints the counts; ends with 1 where one failed.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from full_disk import (
    COMMANDS,
    EARLIER,
    FILES,
    KEPT,
    NOTES,
    Writing,
    differing,
    files_of,
    options,
    repeat,
    with_earlier,
)
from kills import is_unfinished, write_inputs

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_INTERRUPTED = 130
_OF_A_RUN = "INTERRUPTED_RUN"  # a variable that all processes of a run inherit
_LINGER_SECONDS = 30.0  # for processes to end with their parent, on a busy computer
_LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class Disturbed:
    """How a command ended that got a signal, or was done before: its exit code, and what it said.

    `outlived` are the processes that were left some time after it.
    """

    code: int
    said: str
    outlived: tuple[str, ...] = ()


def main() -> int:
    """Disturb commands, print the counts, and return the exit code."""
    arguments = options(__doc__, 300).parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's "&" has it ignored
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        failures = disturb(arguments.runs, arguments.seed, arguments.only or list(COMMANDS))
        os.chdir("/")
    return 1 if failures else 0


def disturb(runs: int, seed: int, commands: list[str]) -> int:
    """Disturb commands in the current folder; return the failures."""
    random = Random(seed)  # noqa: S311 - moments, not secrets
    _prepare(seed)
    writings: dict[str, tuple[Writing, float]] = {}
    for name in with_earlier(commands):
        writings[name] = _undisturbed(name, writings)

    def once() -> tuple[str, int, list[str]]:
        name, number = random.choice(commands), random.choice(_SIGNALS)
        return f"{name}, {number.name}", *run_disturbed(*writings[name], number, random)

    return repeat(runs, once)


def _prepare(seed: int) -> None:
    """Write the user's files to the current folder."""
    Path("notes.txt").write_text(NOTES)
    write_inputs(seed)
    words = ("quantize", "digits.keras", "--data", "digits.npz", "-o", "digits.tflite")
    if (ended := _run(words, Path())).code not in KEPT:
        raise SystemExit(ended.said)


@contextlib.contextmanager
def _place(files: dict[str, bytes]) -> Iterator[Path]:
    """Make a folder with some files, and one for temporary files."""
    place = Path("disk")
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    (place / "tmp").mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place)


def _undisturbed(name: str, known: dict[str, tuple[Writing, float]]) -> tuple[Writing, float]:
    """Return what a command writes, and the seconds that it takes."""
    before = {file: Path(file).read_bytes() for file in FILES}
    if name in EARLIER:
        before = known[EARLIER[name]][0].after
    with _place(before) as place:
        began = time.monotonic()
        ended = _run(COMMANDS[name][0], place / "tmp")
        if ended.code not in KEPT:
            raise SystemExit(f"{name} ended with {ended.code}: {ended.said}")
        return Writing(COMMANDS[name][0], before, files_of(place), 0), time.monotonic() - began


def run_disturbed(
    writing: Writing, seconds: float, number: signal.Signals, random: Random
) -> tuple[int, list[str]]:
    """Send a signal to a command, and run it again; return its exit code and what is wrong."""
    with _place(writing.before) as place:
        moment = random.uniform(0, seconds)
        ended = _run(writing.words, place / "tmp", number, moment)
        wrong = _wrong_end(ended, number, place) + _wrong_files(writing, files_of(place), ended)
        again = _run(writing.words, place / "tmp")
        if again.code not in KEPT:
            wrong.append(f"{again.code} when given again: {again.said[-2000:]}")
        elif files_of(place) != writing.after:
            wrong.append(f"not the same when given again: {differing(writing.after, place)}")
        wrong += [f"{path}: left behind" for path in _left(place)]
    return ended.code, [f"{why} (after {moment:.2f} s of {seconds:.2f})" for why in wrong]


def _run(
    words: tuple[str, ...], temporary: Path, number: signal.Signals | None = None, moment: float = 0
) -> Disturbed:
    """Run a command, with a signal some seconds after it has begun to hear signals."""
    mark = uuid.uuid4().hex
    environment = {**os.environ, "TMPDIR": str(temporary.absolute()), _OF_A_RUN: mark}
    with Path("log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "edgecompress", *words], env=environment, stdout=log, stderr=log
        )
        if number is not None:
            _wait_until_heard(process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(moment)
            process.send_signal(number)
        code = process.wait()
    return Disturbed(code, Path("log").read_text(), _outlived(mark))


def _wait_until_heard(process: "subprocess.Popen[bytes]") -> None:
    """Wait until a process handles SIGTERM itself: before that, it has begun nothing."""
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = next((line for line in status.splitlines() if line.startswith("SigCgt")), "0 0")
        if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(_LOOK_SECONDS)


def _outlived(mark: str) -> tuple[str, ...]:
    """Return the processes of a run that are left after a while, and end them."""
    until = time.monotonic() + _LINGER_SECONDS
    while (left := _processes(mark)) and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return tuple(left.values())


def _processes(mark: str) -> dict[int, str]:
    """Return the processes of a run, by their numbers."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (path / "environ").read_bytes():
                found[int(path.name)] = (path / "cmdline").read_text().replace("\0", " ")
    return found


def _wrong_end(ended: Disturbed, number: signal.Signals, place: Path) -> list[str]:
    wrong = [f"outlived by {process}" for process in ended.outlived]
    if number == signal.SIGKILL:
        return wrong
    # Once all is done it ends at once, with the signal.
    if ended.code not in (_INTERRUPTED, -number, *KEPT) or "Traceback" in ended.said:
        wrong.append(f"exit code {ended.code}: {ended.said[-2000:]}")
    if ended.code == _INTERRUPTED and ended.said.count("interrupted") != 1:
        wrong.append(f"no plain line: {ended.said[-2000:]}")
    return wrong + [f"{path}: left at once" for path in _left(place)]


def _wrong_files(writing: Writing, found: dict[str, bytes], ended: Disturbed) -> list[str]:
    """Return what is half-written or lost: files are as before, or as they will be."""
    before, after = writing.before, writing.after
    done = ended.code in KEPT or (ended.code < 0 and ended.code != -signal.SIGKILL)
    best_so_far = writing.words[0] == "compress"  # may be of fewer steps
    names = {*before, *(after if done else found)}
    wrong = []
    for name in names:
        allowed = (after.get(name),) if done else (before.get(name), after.get(name))
        if found.get(name) not in allowed and not (best_so_far and name not in before):
            wrong.append(f"{name}: half-written, or lost")
    return wrong


def _left(place: Path) -> list[Path]:
    """Return the temporary files that are left."""
    return [
        path for path in place.rglob("*") if is_unfinished(path.name) or "tmp" in path.parts[1:-1]
    ]


if __name__ == "__main__":
    sys.exit(main())
