"""Commands on one file, in a process that stays: exit code, seconds and memory of each."""

import contextlib
import io
import os
import resource
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgecompress.cli import main

BOARD, MACHINE = "nucleo_f401re", "mps2_an386"
COMMANDS = {
    "fit": ("--board", BOARD, "--runtime", "both"),
    "inspect": ("--verify",),
    "pack": ("-o", "packed.tflite", "--force"),
    "generate": ("--board", MACHINE, "-o", "tflm"),
    "generate-c": ("--board", MACHINE, "-o", "c", "--runtime", "c"),
}


@dataclass(frozen=True)
class Ended:
    """How a command ended: processor seconds and the largest process's bytes, children's too."""

    code: int
    seconds: float
    peak_bytes: int
    said: str


def run(command: str, model: str, folder: str) -> Ended:
    """Run one of COMMANDS on a file; what it writes goes to a folder, and is removed."""
    return run_words((command.removesuffix("-c"), model, *COMMANDS[command]), folder)


def run_words(words: Sequence[str], folder: str) -> Ended:
    """Run a command line; what it writes goes to a folder, and is removed."""
    os.chdir(folder)
    os.environ["EDGECOMPRESS_DEBUG"] = "1"
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew
    before = _seconds()
    said, code = io.StringIO(), 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main(list(words))
        except SystemExit as ended:
            code = int(ended.code or 0)
    result = Ended(code, _seconds() - before, _peak_bytes(), said.getvalue()[-4000:])
    for left in Path(folder).iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    return result


def _seconds() -> float:
    own = os.times()
    living = sum(sum(map(int, _stat(pid)[11:13])) for pid in _children()) / os.sysconf("SC_CLK_TCK")
    return own.user + own.system + own.children_user + own.children_system + living


def _stat(pid: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended, and is among those waited for
        return ["0"] * 20


def _peak_bytes() -> int:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return 1024 * max(ended, *(_high_water(pid) for pid in ("self", *_children())))


def _high_water(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def _children() -> list[str]:
    found: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has just ended
            found += (task / "children").read_text().split()
    return found
