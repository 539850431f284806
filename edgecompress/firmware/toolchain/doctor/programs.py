"""Programs on PATH: compilers, CMake, QEMU, the tools of ecosystems."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from edgecompress.errors import ToolError
from edgecompress.firmware.sources.versions import IDF_VERSION, PLATFORMIO_VERSION, WEST_VERSION
from edgecompress.firmware.toolchain.doctor.part import Look, Part
from edgecompress.firmware.toolchain.tools import apt_line, has_file, run

_PATIENCE_SECONDS = 30
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*(?:[-.]?[a-z]+\d*)?")


@dataclass(frozen=True)
class _Program:
    group: str
    name: str
    needed_for: str
    get: str = ""  # "" for a package of Debian's
    library: str = ""  # a file that a compiler must find: it is of another package


_C_COMPILERS, _BUILD, _ECOSYSTEMS = "Compilers", "Build and run", "Ecosystems"
_PROGRAMS = (
    _Program(_C_COMPILERS, "arm-none-eabi-gcc", "build for Cortex-M", library="nano.specs"),
    _Program(
        _C_COMPILERS, "arm-none-eabi-g++", "build for Cortex-M with TFLM", library="libstdc++.a"
    ),
    _Program(
        _C_COMPILERS, "riscv64-unknown-elf-gcc", "build for RISC-V", library="picolibc.specs"
    ),
    _Program(_C_COMPILERS, "gcc", "build of --framework host"),
    _Program(_C_COMPILERS, "g++", "build of --framework host with TFLM"),
    _Program(_BUILD, "cmake", "build"),
    _Program(_BUILD, "make", "build, where there is no ninja"),
    _Program(_BUILD, "ninja", "build, faster"),
    _Program(_BUILD, "qemu-system-arm", "emulate of Cortex-M"),
    _Program(_BUILD, "qemu-system-riscv32", "emulate of RISC-V"),
    _Program(
        _ECOSYSTEMS, "arduino-cli", "--framework arduino",
        "https://arduino.github.io/arduino-cli/latest/installation/",
    ),
    _Program(
        _ECOSYSTEMS, "pio", "--framework platformio",
        f"pip install platformio=={PLATFORMIO_VERSION}",
    ),
    _Program(
        _ECOSYSTEMS, "idf.py", "--framework esp-idf",
        f"git clone -b v{IDF_VERSION} --recursive https://github.com/espressif/esp-idf.git "
        "~/esp-idf && ~/esp-idf/install.sh; then . ~/esp-idf/export.sh",
    ),
    _Program(_ECOSYSTEMS, "west", "--framework zephyr", f"pip install west=={WEST_VERSION}"),
)  # fmt: skip


def programs() -> Iterator[Look]:
    """Ask the programs on PATH for their versions."""
    for program in _PROGRAMS:
        yield partial(_look_for, program)


def _look_for(program: _Program) -> Part:
    where = shutil.which(program.name) or ""
    get = program.get or apt_line(program.name)
    version, problem = _version_of(program) if where else ("", "")
    if where and not problem and program.library and not has_file(program.name, program.library):
        problem = f"it has no {program.library}: its library is missing"
    return Part(program.group, program.name, program.needed_for, get, version, where, problem)


def _version_of(program: _Program) -> tuple[str, str]:
    """Return what a program says of its version, and what is wrong if it says none."""
    word = "version" if program.name == "arduino-cli" else "--version"
    try:
        said = run([program.name, word], timeout_seconds=_PATIENCE_SECONDS)
    except ToolError as error:
        return "", str(error)
    if said.returncode != 0:
        return "", f"{program.name} {word} ended with exit code {said.returncode}"
    found = _VERSION.search(re.sub(r"\(.*?\)", "", said.stdout))  # GCC's brackets name a packager
    return found.group() if found else "", ""
