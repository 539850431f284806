"""Commands of edgecompress forked from a process that has imported all they need.

The start of a command, which is mostly TensorFlow's import, takes longer than a small run. Here it
is imported once and never used before a fork: its threads begin with its first operation. Processes
that a command starts (`edgecompress.child`) are forked from the same process, at the command's
request; they have the same pipes and limits, and end with the command as ever.
"""

import contextlib
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

FOR_TFLITE = (
    "tflite_micro", "ai_edge_litert.interpreter", "jinja2", "edgecompress.tflite.runtimes",
    "edgecompress.cli.generate", "edgecompress.cli.build",
)  # fmt: skip
FOR_ALL = (
    *FOR_TFLITE, "tensorflow", "keras", "h5py", "optuna", "sklearn.metrics", "vl_convert",
    "sqlalchemy.dialects.sqlite.pysqlite", "edgecompress.pipeline", "edgecompress.cli.compress",
    "edgecompress.report.terminal", "edgecompress.quantize.converter",
)  # fmt: skip
_LINGER_SECONDS = 60.0  # for a child to end with its parent, on a busy computer
_LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, as subprocess has it, and what it took.

    `seconds` are of the processor, its children's too; `outlived` are children that it did not end.
    """

    code: int
    seconds: float
    outlived: int


def import_all(names: Sequence[str] = FOR_ALL) -> None:
    """Import what commands need, and nothing that starts threads."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for name in names:
        importlib.import_module(name)


def run(
    words: Sequence[str],
    log: Path,
    kill_after: float | None = None,
    temporaries: Path | None = None,
) -> Ended:
    """Run a command, its output added to a log; kill it after some seconds, if it still runs.

    Seconds are of the processor, so that kills hit the same work on a busy computer.

    Temporary files go to `temporaries`, if given, instead of where they go else.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        ours.close()
        if temporaries is not None:
            tempfile.tempdir = os.environ["TMPDIR"] = str(temporaries.absolute())
        _command(words, log, theirs)
    theirs.close()
    children: list[int] = []
    watched = os.pidfd_open(pid)
    patience = None if kill_after is None else _LOOK_SECONDS
    while watched not in (ready := select.select([watched, ours], [], [], patience)[0]):
        if ours in ready:
            children += _served(ours)
        if kill_after is not None and sum(map(_seconds, (pid, *children))) > kill_after:
            os.kill(pid, signal.SIGKILL)
            kill_after = patience = None
    _, status, used = os.wait4(pid, 0)
    os.close(watched)
    ours.close()
    outlived, seconds = _ended(children)
    return Ended(os.waitstatus_to_exitcode(status), seconds + _both(used), outlived)


def _seconds(pid: int) -> float:
    """Return what a process and those that it has waited for took; 0 if it was waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _both(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime


def _ended(children: list[int]) -> tuple[int, float]:
    """Return how many children had to be ended, and what all took."""
    until, outlived, seconds = time.monotonic() + _LINGER_SECONDS, 0, 0.0
    for pid in children:
        while (ended := os.wait4(pid, os.WNOHANG))[0] == 0:
            if time.monotonic() > until:
                outlived += 1
                os.kill(pid, signal.SIGKILL)
                ended = os.wait4(pid, 0)
                break
            time.sleep(_LOOK_SECONDS)
        seconds += _both(ended[2])
    return outlived, seconds


def _command(words: Sequence[str], log: Path, requests: socket.socket) -> None:
    """Be the command, in a process of its own."""
    from edgecompress import child
    from edgecompress.cli import main

    with log.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", 1), os.fdopen(2, "w", 1)
    child._program = lambda *what: json.dumps(what)  # noqa: SLF001
    child.subprocess = _Subprocess(requests)  # type: ignore[assignment]
    code = 1
    try:
        main(list(words))
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os._exit(code)


def _served(requests: socket.socket) -> list[int]:
    """Fork the child that a command asks for; none if the command is about to end."""
    try:
        said, pipes, _, _ = socket.recv_fds(requests, 4096, 4)
    except ConnectionResetError:  # it was killed before it read the answer to what it asked before
        said = b""
    if not said:
        time.sleep(0.01)
        return []
    pid = os.fork()
    if pid == 0:
        requests.close()
        _serve(json.loads(said), pipes)
    for pipe in pipes:
        os.close(pipe)
    with contextlib.suppress(OSError):  # it was killed just now
        requests.send(str(pid).encode())
    return [pid]


def _serve(what: tuple[str, int, int | None], pipes: Sequence[int]) -> None:
    """Be a child, in a process of its own."""
    from edgecompress.child import serve

    os.setsid()
    for number, pipe in enumerate(pipes[:3]):
        os.dup2(pipe, number)
        os.close(pipe)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    code = 1
    try:
        serve(what[0], pipes[3], what[2])
        code = 0
    finally:
        os._exit(code)


class _Subprocess:
    """What `edgecompress.child` uses of subprocess."""

    PIPE = -1

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests

    def Popen(  # noqa: N802 - subprocess's name
        self, command: Sequence[str], *, stderr: IO[bytes], pass_fds: tuple[int], **_: object
    ) -> "_Process":
        stdin, to_child = os.pipe()
        from_child, stdout = os.pipe()
        said = command[-1].encode()
        socket.send_fds(self._requests, [said], [stdin, stdout, stderr.fileno(), *pass_fds])
        os.close(stdin)
        os.close(stdout)
        return _Process(int(self._requests.recv(64)), to_child, from_child)


class _Process:
    """What `edgecompress.child` uses of a Popen."""

    def __init__(self, pid: int, to_child: int, from_child: int) -> None:
        self.pid = pid
        self.stdin, self.stdout = os.fdopen(to_child, "wb"), os.fdopen(from_child, "rb")

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        with contextlib.suppress(ProcessLookupError):
            watched = os.pidfd_open(self.pid)
            select.select([watched], [], [])
            os.close(watched)
        return -signal.SIGKILL
