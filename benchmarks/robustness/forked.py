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

IMPORTED = (
    "tensorflow", "keras", "h5py", "tflite_micro", "ai_edge_litert.interpreter", "optuna",
    "sklearn.metrics", "sqlalchemy.dialects.sqlite.pysqlite", "vl_convert", "jinja2",
    "edgecompress.pipeline", "edgecompress.cli.compress", "edgecompress.report.terminal",
    "edgecompress.quantize.converter", "edgecompress.tflite.runtimes",
)  # fmt: skip
_LINGER_SECONDS = 60.0  # for a child to end with its parent, on a busy computer


@dataclass(frozen=True)
class Ended:
    """How a command ended: `code` as subprocess has it; `outlived`: its children that did not."""

    code: int
    seconds: float
    outlived: int


def import_all() -> None:
    """Import what commands need, and nothing that starts threads."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for name in IMPORTED:
        importlib.import_module(name)


def run(
    words: Sequence[str],
    log: Path,
    kill_after: float | None = None,
    temporaries: Path | None = None,
) -> Ended:
    """Run a command, its output added to a log; kill it after some seconds, if it still runs.

    Temporary files go to `temporaries`, if given, instead of where they go else.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        ours.close()
        if temporaries is not None:
            tempfile.tempdir = os.environ["TMPDIR"] = str(temporaries.absolute())
        _command(words, log, theirs)
    theirs.close()
    children: list[int] = []
    watched = os.pidfd_open(pid)
    while watched not in (ready := _ready(watched, ours, began, kill_after)):
        if ours in ready:
            children += _served(ours)
        else:
            os.kill(pid, signal.SIGKILL)
            kill_after = None
    _, status = os.waitpid(pid, 0)
    seconds = time.monotonic() - began
    os.close(watched)
    ours.close()
    return Ended(os.waitstatus_to_exitcode(status), seconds, _outlived(children))


def _ready(
    watched: int, requests: socket.socket, began: float, kill_after: float | None
) -> list[object]:
    patience = None if kill_after is None else max(0.0, began + kill_after - time.monotonic())
    ready, _, _ = select.select([watched, requests], [], [], patience)
    return list(ready)


def _outlived(children: list[int]) -> int:
    until = time.monotonic() + _LINGER_SECONDS
    while children and time.monotonic() < until:
        children = [pid for pid in children if os.waitpid(pid, os.WNOHANG)[0] == 0]
        time.sleep(0.01)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return len(children)


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
    said, pipes, _, _ = socket.recv_fds(requests, 4096, 4)
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
