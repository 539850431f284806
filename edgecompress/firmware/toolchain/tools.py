"""Run the programs that edgecompress does not bring: compilers, CMake, QEMU."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from edgecompress.errors import ToolError

# What Debian and Ubuntu call the package of a program.
_PACKAGES = {
    "cmake": "cmake",
    "g++": "g++",
    "gcc": "gcc",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "arm-none-eabi-g++": "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-riscv32": "qemu-system-misc",
    "ninja": "ninja-build",
}
# Makes of its process the program that its arguments name, in a group that the kernel sends SIGTERM
# once nobody holds the other end of a pipe. Python ignores two signals, which programs must not.
_BECOME = """
import fcntl, os, select, signal, sys
pipe = int(sys.argv[1])
for name in ("SIGPIPE", "SIGXFSZ"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpid())
if hasattr(fcntl, "F_SETSIG"):
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGTERM)
fcntl.fcntl(pipe, fcntl.F_SETFL, os.O_ASYNC)
if select.select([pipe], [], [], 0)[0]:  # it was closed before anybody listened
    sys.exit("its parent has ended")
os.execv(sys.argv[2], sys.argv[3:])
"""
_SHOWN_LINES = 25
_END_SECONDS = 10.0


def require(*programs: str) -> None:
    """Raise ToolError for the first program that is not on PATH."""
    for program in programs:
        if shutil.which(program) is None:
            raise ToolError(f"{program} is not on PATH; on Debian or Ubuntu: {apt_line(program)}")


def apt_line(program: str) -> str:
    """Return the command that installs a program on Debian or Ubuntu."""
    return f"apt-get install {_PACKAGES.get(program, program)}"


def require_picolibc(compiler: str) -> None:
    """Raise ToolError if a cross compiler has no picolibc, which is a package of its own."""
    specs = "picolibc.specs"
    if not has_file(compiler, specs):
        package = f"picolibc-{compiler.removesuffix('-gcc')}"
        raise ToolError(
            f"{compiler} has no {specs}: its C library is missing; "
            f"on Debian or Ubuntu: apt-get install {package}"
        )


def has_file(compiler: str, name: str) -> bool:
    """Say whether GCC has a file of its libraries."""
    found = run([compiler, f"-print-file-name={name}"]).stdout.strip()
    return found != name  # GCC's answer for what it does not find


def run(
    command: Sequence[str], *, folder: Path | None = None, timeout_seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it printed, whatever it returned.

    It ends with this process, however that ends, and so do the processes that it started.

    Raises:
        ToolError: it cannot be started, or took longer than `timeout_seconds`.
    """
    try:
        with _started(command, folder) as process:
            printed, _ = process.communicate(timeout=timeout_seconds)
            return subprocess.CompletedProcess(command, process.returncode, printed)
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        text = output if isinstance(output, str) else output.decode(errors="replace")
        raise ToolError(
            f"{command[0]} did not end within {timeout_seconds:g} s; "
            f"it printed:\n{last_lines(text)}"
        ) from error
    except OSError as error:
        raise ToolError(f"cannot run {command[0]}: {error}") from error


@contextmanager
def _started(command: Sequence[str], folder: Path | None) -> Iterator[subprocess.Popen[str]]:
    """Start a program in a process group of its own; end the group if this block is broken off."""
    found = shutil.which(command[0])
    if found is None:
        raise FileNotFoundError("no such program")
    program = str(Path(found).absolute())  # `folder` is for the program, not for its name
    theirs, ours = os.pipe()
    become = (sys.executable, "-I", "-S", "-c", _BECOME, str(theirs), program)
    with os.fdopen(ours, "wb"):
        with os.fdopen(theirs, "rb"):
            process = subprocess.Popen(
                [*become, *command], cwd=folder, stdin=subprocess.DEVNULL, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                pass_fds=(theirs,), start_new_session=True,
                env={**os.environ, "TMPDIR": tempfile.gettempdir()},
            )  # fmt: skip
        try:
            yield process
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            _wait_for_the_end(process)
            raise


def _wait_for_the_end(process: subprocess.Popen[str]) -> None:
    """Wait for a process that was told to end, and those that it started: no longer than a while.

    They remove their temporary files at SIGTERM, but not at SIGKILL.
    """
    try:
        process.communicate(timeout=_END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def check(command: Sequence[str], *, what: str) -> str:
    """Run a program and return what it printed; ToolError with the end of it on failure."""
    result = run(command)
    if result.returncode != 0:
        raise ToolError(f"{what} failed ({command[0]}):\n{last_lines(result.stdout)}")
    return result.stdout


def last_lines(text: str) -> str:
    """Return the end of what a program printed, where its error usually is."""
    return "\n".join(text.strip().splitlines()[-_SHOWN_LINES:])
