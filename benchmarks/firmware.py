"""Flash, arena, stack and instructions of generated firmware, as a table in Markdown.

    python benchmarks/firmware.py MODEL.tflite... --board mps2_an386 --board rpi_pico > table.md

Needs EDGECOMPRESS_TFLM, CMake, arm-none-eabi-gcc and qemu-system-arm.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from edgecompress.board import load_board
from edgecompress.files import write_tree
from edgecompress.firmware.build import Build, build
from edgecompress.firmware.emulate import Emulation, emulate
from edgecompress.firmware.generate import generate
from edgecompress.firmware.tflm import Tflm, find_tflm

HEADINGS = (
    "model", "board", "core", "kernels", "runtime flash", "predicted", "difference",
    "arena used", "planned", "stack", "instructions", "vectors",
)  # fmt: skip


def row(model: Path, board_id: str, tflm: Tflm) -> str:
    """Return the table's row for a model on a board."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tree(folder, generate([model], load_board(board_id)), force=True)
        return _row(model, build(folder, tflm), emulate(folder))


def _row(model: Path, built: Build, ran: Emulation) -> str:
    project, (run,) = built.project, ran.models
    predicted = project.predicted_runtime_flash_bytes
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
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--board", action="append", required=True)
    arguments = parser.parse_args()
    tflm = find_tflm()
    print(f"TFLM {tflm.commit or 'of an unknown commit'}; {version('arm-none-eabi-g++')};")
    print(f"{version('qemu-system-arm')}. Sizes in bytes.\n")
    print(f"| {' | '.join(HEADINGS)} |")
    print(f"|{'---|' * len(HEADINGS)}")
    for model in arguments.models:
        for board in arguments.board:
            print(row(model, board, tflm), flush=True)


if __name__ == "__main__":
    main()
