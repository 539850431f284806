"""Run the programs that edgecompress does not bring: compilers, CMake, QEMU."""

import shutil
import subprocess
from collections.abc import Sequence
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
_SHOWN_LINES = 25


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

    Raises:
        ToolError: it cannot be started, or took longer than `timeout_seconds`.
    """
    try:
        return subprocess.run(
            command, cwd=folder, timeout=timeout_seconds, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        text = output if isinstance(output, str) else output.decode(errors="replace")
        raise ToolError(
            f"{command[0]} did not end within {timeout_seconds:g} s; "
            f"it printed:\n{last_lines(text)}"
        ) from error
    except OSError as error:
        raise ToolError(f"cannot run {command[0]}: {error}") from error


def check(command: Sequence[str], *, what: str) -> str:
    """Run a program and return what it printed; ToolError with the end of it on failure."""
    result = run(command)
    if result.returncode != 0:
        raise ToolError(f"{what} failed ({command[0]}):\n{last_lines(result.stdout)}")
    return result.stdout


def last_lines(text: str) -> str:
    """Return the end of what a program printed, where its error usually is."""
    return "\n".join(text.strip().splitlines()[-_SHOWN_LINES:])
