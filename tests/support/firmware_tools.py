"""What the firmware tests need besides edgecompress, and how to get it."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from edgecompress.board import Board, all_boards
from edgecompress.cli import main
from edgecompress.errors import BoardError
from edgecompress.files import write_tree
from edgecompress.firmware.sources.frameworks import check_framework
from support import REPOSITORY

PACKAGES = {
    "arduino-builder": "arduino-builder arduino-core-avr",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "arm-none-eabi-g++": "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib",
    "clang": "clang",
    "clang-format": "clang-format",
    "clang-tidy": "clang-tidy",
    "cmake": "cmake",
    "cppcheck": "cppcheck",
    "g++": "g++",
    "gcc": "gcc",
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-riscv32": "qemu-system-misc",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
}


def need(*programs: str) -> None:
    missing = [program for program in programs if not _is_there(program)]
    if missing:
        packages = " ".join(PACKAGES[program] for program in missing)
        pytest.skip(f"needs {', '.join(missing)}: apt-get install {packages}")


def _is_there(program: str) -> bool:
    if shutil.which(program) is None or program != "riscv64-unknown-elf-gcc":
        return shutil.which(program) is not None
    return "/" in output_of([program, "-print-file-name=picolibc.specs"])  # else it has no libc


def boards_of(framework: str) -> list[Board]:
    return [board for board in all_boards() if _has(framework, board)]


def _has(framework: str, board: Board) -> bool:
    try:
        check_framework(framework, board)
    except BoardError:
        return False
    return True


def run_cli(*words: object) -> int:
    try:
        main([str(word) for word in words])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    write_tree(folder, files, force=True)
    return folder


def output_of(command: Sequence[object]) -> str:
    words = [str(word) for word in command]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(words)}\n{result.stdout}{result.stderr}"
    return result.stdout + result.stderr


def script(path: str) -> ModuleType:
    """Import a script of the repository that is no part of a package."""
    spec = importlib.util.spec_from_file_location(f"script_{Path(path).stem}", REPOSITORY / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def write_stand_in_tflm(folder: Path, core: str) -> Path:
    """A tflm.toml whose library is empty, for projects with a runner that needs no TFLM."""
    header = folder / "include" / "tensorflow/lite/micro/micro_interpreter.h"
    header.parent.mkdir(parents=True)
    header.touch()
    output_of(["arm-none-eabi-ar", "rcs", folder / "empty.a"])
    (folder / "tflm.toml").write_text(
        f'include_dirs = ["include"]\n[libraries]\n{core} = "empty.a"\n', encoding="utf-8"
    )
    return folder


# The API of a generated runner for a model whose output is its input.
COPYING_RUNNER = """\
#include "{prefix}_model_runner.h"

#include <string.h>

#include "{prefix}_model_data.h"
#include "tensor_arena.h"

namespace {{
constexpr size_t kOutput = ({macro}_INPUT0_ELEMENTS + 63) / 64 * 64;
bool g_ready = false;
// Something for startup to initialize: data, bss and a constructor. Volatile,
// or the compiler would know their values.
volatile int g_initialized = 7;
volatile int g_zeroed;
struct Constructed {{
  Constructed() : value(g_initialized + g_zeroed + 1) {{}}
  int value;
}} g_constructed;
}}  // namespace

extern "C" ModelStatus {prefix}_init(void) {{
  g_ready = g_initialized == 7 && g_zeroed == 0 && g_constructed.value == 8;
  g_ready = g_ready && g_{prefix}_model_data[4] == 'T' && g_{prefix}_model_data_size > 8;
  g_ready = g_ready && reinterpret_cast<uintptr_t>(g_tensor_arena) % 16 == 0;
  return g_ready ? kModelOk : kModelErrorAllocate;
}}
extern "C" ModelStatus {prefix}_invoke(void) {{
  memcpy(g_tensor_arena + kOutput, g_tensor_arena, {macro}_INPUT0_ELEMENTS);
  {statement}
  return kModelOk;
}}
extern "C" size_t {prefix}_arena_used(void) {{ return g_ready ? 128 : 0; }}
extern "C" void* {prefix}_input(size_t) {{ return g_tensor_arena; }}
extern "C" const void* {prefix}_output(size_t) {{ return g_tensor_arena + kOutput; }}
"""


def copying_runner(prefix: str, statement: str = "") -> str:
    return COPYING_RUNNER.format(prefix=prefix, macro=prefix.upper(), statement=statement)
