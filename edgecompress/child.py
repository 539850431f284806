"""Call a function in a process of its own, so that its crash is an error here and not an end.

multiprocessing is not used because its spawned children run the caller's `__main__` again, and its
forked ones inherit TensorFlow's threads. A child here imports one function, gets its arguments as
pickles on stdin and answers on what was its stdout; all that the function prints goes to a log.

A child ends with its parent, however that ends, and whatever it is doing: the kernel sends it
SIGIO, which ends a process, once nobody holds the other end of a pipe.
"""

import fcntl
import math
import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from importlib import import_module
from typing import IO, Any

from edgecompress.errors import DiskFullError, EdgecompressError
from edgecompress.refused import is_full

_LOG_TAIL_BYTES = 4000
_BUSY_FACTOR = 20  # of the clock's time, where other work takes the most of the processor's


class ChildError(EdgecompressError):
    """The function raised, or its process ended. `log` is the end of what it printed."""

    def __init__(self, cause: str, log: str) -> None:
        super().__init__(cause)
        self.log = log


class Child:
    """A process that calls `function` ("package.module:name") whenever `call` is called.

    It starts with the first call, and again with the next one after it died. It may take
    `memory_bytes` of address space, where they are given.
    """

    def __init__(self, function: str, memory_bytes: int | None = None) -> None:
        self._function = function
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._finalizer: weakref.finalize[[subprocess.Popen[bytes], int], Child] | None = None

    def call(
        self,
        *arguments: Any,
        timeout_seconds: float | None = None,
        cpu_seconds: float | None = None,
    ) -> Any:
        """Return what the function returns for `arguments`.

        Limits are of the clock, and of processor time, which other work on the computer leaves
        as it is; with the latter alone the clock's is so long that such work may take the most.

        Raises:
            EdgecompressError: the one that the function raised.
            ChildError: the function raised another exception, its process ended (the message
                names the signal or exit code), or it took longer than a limit.
        """
        if timeout_seconds is None and cpu_seconds is not None:
            timeout_seconds = _BUSY_FACTOR * cpu_seconds
        with self._lock:
            process = self._start()
            alarm = threading.Timer(timeout_seconds or 0, process.kill)
            if timeout_seconds is not None:
                alarm.start()
            try:
                answer = _exchange(process, (cpu_seconds, tempfile.gettempdir(), arguments))
            except (EOFError, OSError, pickle.UnpicklingError):
                raise self._ended(process, alarm.finished.is_set()) from None
            except BaseException:  # Ctrl-C: the pipe may hold half an answer
                self._stop()
                raise
            finally:
                alarm.cancel()
            return self._opened(answer)

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._stop()

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
            theirs, ours = os.pipe()
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _program(self._function, theirs, self._memory_bytes)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._log,
                    pass_fds=(theirs,),
                    start_new_session=True,  # a terminal's Ctrl-C is this process's to answer
                )
            except BaseException:
                os.close(ours)
                raise
            finally:
                os.close(theirs)
            self._finalizer = weakref.finalize(self, _end, self._process, ours)
        return self._process

    def _stop(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        if self._log is not None:
            self._log.close()
        self._process = self._log = self._finalizer = None

    def _opened(self, answer: tuple[bool, Any]) -> Any:
        succeeded, value = answer
        if succeeded:
            return value
        if isinstance(value, EdgecompressError):
            raise value
        raise ChildError(str(value), self._log_tail())

    def _ended(self, process: subprocess.Popen[bytes], timed_out: bool) -> ChildError:
        code = process.wait()
        slow = timed_out or code == -signal.SIGXCPU
        cause = "took too long and was ended" if slow else _exit_text(code)
        error = ChildError(f"the process {cause}", self._log_tail())
        self._stop()
        return error

    def _log_tail(self) -> str:
        if self._log is None:
            return ""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_TAIL_BYTES))
        return self._log.read().decode(errors="replace")


def serve(function: str, parent: int, memory_bytes: int | None) -> None:
    """Answer calls of `function` until stdin ends: what a child process runs.

    Args:
        function: "package.module:name".
        parent: a pipe whose other end only the parent holds.
        memory_bytes: the most address space to take, None for any.
    """
    _end_with(parent)
    if memory_bytes is not None:
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # from here on, whatever is printed goes to the log
    module, name = function.split(":")
    while True:
        try:
            question = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the parent
        except EOFError:
            return
        cpu_seconds, temporary, arguments = question
        os.environ["TMPDIR"] = tempfile.tempdir = temporary
        _limit_cpu(cpu_seconds)
        pickle.dump(_answer(module, name, arguments), answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _end_with(pipe: int) -> None:
    """End this process when the other end of a pipe is closed, though Python be stuck then."""
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([pipe], [], [], 0)[0]:  # it was closed before anybody listened
        sys.exit()


def _limit_cpu(seconds: float | None) -> None:
    """Let the kernel end this process once it has used so many more seconds of processor time."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    limit = most
    if seconds is not None:
        limit = math.ceil(time.process_time() + seconds)
        limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, most))


def _answer(module: str, name: str, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, getattr(import_module(module), name)(*arguments)
    except EdgecompressError as error:
        return False, error
    except OSError as error:
        full = DiskFullError(f"no room is left on a disk: {error}; make room")
        return False, full if is_full(error) else f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - reported to the parent, which raises
        return False, f"{type(error).__name__}: {error}"


def _exchange(process: subprocess.Popen[bytes], question: tuple[Any, ...]) -> tuple[bool, Any]:
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise EOFError
    pickle.dump(question, stdin, protocol=pickle.HIGHEST_PROTOCOL)
    stdin.flush()
    answer: tuple[bool, Any] = pickle.load(stdout)  # noqa: S301 - from our own child
    return answer


def _program(function: str, parent: int, memory_bytes: int | None) -> str:
    """Return the child's program; it looks for modules where this process does."""
    path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - "" means here
    return (
        f"import sys; sys.path[:] = {path!r}; "
        f"from edgecompress.child import serve; serve({function!r}, {parent}, {memory_bytes})"
    )


def _end(process: subprocess.Popen[bytes], alive: int) -> None:
    process.kill()
    process.wait()
    os.close(alive)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # it holds bytes that nobody will read
                continue


def _exit_text(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"was ended by signal {-code}"
    why = ", as the system does where memory runs out" if name == "SIGKILL" else ""
    return f"was ended by {name}{why}"
