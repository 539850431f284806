"""Flash, arena, stack and instructions of generated firmware, as two tables in Markdown.

    python benchmarks/firmware/images.py MODEL.tflite... --board mps2_an386 --board rpi_pico > t.md

Needs EDGECOMPRESS_TFLM, CMake, arm-none-eabi-gcc and qemu-system-arm.
"""

import argparse
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edgecompress.board import Board, load_board
from edgecompress.files import write_tree
from edgecompress.firmware.run.emulate import Emulation, emulate
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.toolchain.build import Build, build
from edgecompress.firmware.toolchain.tflm import Tflm, find_tflm

HEADINGS = (
    "model", "board", "core", "kernels", "runtime flash", "predicted", "difference",
    "arena used", "planned", "stack", "instructions", "vectors",
)  # fmt: skip

CODE_HEADINGS = (
    "model", "board", "core", "kernels", "linked flash", "model", "empty firmware", "runtime code",
)  # fmt: skip
# Linked in place of the self-test, so that neither it nor the golden vectors are in the image.
ONE_INFERENCE = """\
#include "{header}"

int main() {{
  if ({prefix}_init() != kModelOk || {prefix}_input(0) == nullptr) return 1;
  return {prefix}_invoke() == kModelOk && {prefix}_output(0) != nullptr ? 0 : 1;
}}
"""
EMPTY = "int main() { return 0; }\n"


@dataclass(frozen=True)
class RuntimeCode:
    """Flash of two images, in bytes: one that runs the model once, one that does nothing."""

    linked_bytes: int
    model_bytes: int
    empty_bytes: int

    @property
    def runtime_bytes(self) -> int:
        """TFLM, its kernels, what they need of libc, the runner, and alignment."""
        return self.linked_bytes - self.model_bytes - self.empty_bytes


def runtime_code(model: Path, board: Board, tflm: Tflm) -> RuntimeCode:
    """Generate a project, link it with each of the two `main` functions, and measure both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tree(folder, generate([model], board, "cmake", "model"), force=True)
        runs = ONE_INFERENCE.format(header="model_model_runner.h", prefix="model")
        linked, empty = (_flash_bytes(folder, main, tflm) for main in (runs, EMPTY))
    return RuntimeCode(linked, model.stat().st_size, empty)


def _flash_bytes(folder: Path, main: str, tflm: Tflm) -> int:
    (folder / "src" / "main.cc").write_text(main, encoding="utf-8")
    return build(folder, tflm).flash.used_bytes


def code_row(model: Path, board_id: str, tflm: Tflm) -> str:
    """Return the row of a model on a board in the table of runtime code."""
    board = load_board(board_id)
    code = runtime_code(model, board, tflm)
    sizes = (code.linked_bytes, code.model_bytes, code.empty_bytes, code.runtime_bytes)
    cells = (model.stem, board.id, board.core, board.kernels, *(f"{size:,}" for size in sizes))
    return f"| {' | '.join(cells)} |"


def row(model: Path, board_id: str, tflm: Tflm) -> str:
    """Return the table's row for a model on a board."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tree(folder, generate([model], load_board(board_id), "cmake"), force=True)
        return _row(model, build(folder, tflm), emulate(folder))


def _row(model: Path, built: Build, ran: Emulation) -> str:
    project, (run,) = built.project, ran.models
    predicted = project.prediction.runtime_flash_bytes
    cells = (
        model.stem, project.board, project.core, project.kernels,
        f"{built.runtime_flash_bytes:,}", f"{predicted:,}",
        f"{built.runtime_flash_bytes / predicted - 1:+.1%}",
        f"{run.arena_used_bytes:,}", f"{run.arena_planned_bytes:,}",
        f"{ran.stack_used_bytes:,}", f"{run.instructions:,}",
        f"{run.vectors - run.failed} of {run.vectors}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def version(program: str) -> str:
    """Return the first line of what a program says of itself."""
    words = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return words.stdout.splitlines()[0]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--board", action="append", required=True)
    arguments = parser.parse_args()
    tflm = find_tflm()
    print(f"TFLM {tflm.commit or 'of an unknown commit'}; {version('arm-none-eabi-g++')};")
    print(f"{version('qemu-system-arm')}. Sizes in bytes.\n")
    for headings, row_of in ((HEADINGS, row), (CODE_HEADINGS, code_row)):
        print(f"| {' | '.join(headings)} |")
        print(f"|{'---|' * len(headings)}")
        for model in arguments.models:
            for board in arguments.board:
                print(row_of(model, board, tflm), flush=True)
        print()


if __name__ == "__main__":
    main()
