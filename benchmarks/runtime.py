"""The C runtime beside TFLM: instructions, flash, RAM and stack, as a table in Markdown.

    python benchmarks/runtime.py MODELS --published arena.json > table.md

MODELS is a folder, or a .tflite file. Each int8 or int16x8 model in it is generated, built and run
on golden vectors for a core each: cortex-m4f, cortex-m0plus (its code on QEMU's Cortex-M3, which
traps unaligned access) and cortex-m55. Instructions are those of the longest inference; flash is
code and tables without weights; RAM is the arena and what lives beside it, without the stack.

TFLM's figures are measured the same way with --tflm. Without, --published takes arena, RAM and
instructions from a file of records by model and core, and flash is what `fit` counts for the
operators that are registered, if its tables have them as they are. Needs CMake, arm-none-eabi-gcc
and qemu-system-arm.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgecompress.board import Board, load_board
from edgecompress.errors import EdgecompressError
from edgecompress.files import write_tree
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.model import Runtime
from edgecompress.firmware.toolchain.build import build
from edgecompress.firmware.toolchain.tflm import Tflm, find_tflm
from edgecompress.memory.flash import flash_table, runtime_bytes
from edgecompress.tflite.operators import registrations
from edgecompress.tflite.reader import read_model

BOARDS = {
    "cortex-m4f": "mps2_an386",
    "cortex-m0plus": "rpi_pico",
    "cortex-m55": "mps3_corstone300_an547",
}
HEADINGS = (
    "model", "core", "instructions, C", "TFLM", "flash, C", "TFLM", "RAM, C", "TFLM",
    "stack, C", "TFLM",
)  # fmt: skip
MISSING = "-"


@dataclass(frozen=True)
class Figures:
    """What a model takes on a core with one runtime; None where nobody measured."""

    instructions: int | None
    flash_bytes: int | None
    arena_bytes: int
    beside_bytes: int  # RAM of the runtime beside the arena
    stack_bytes: int | None

    def cells(self) -> tuple[str, str, str, str]:
        """Return the cells of the table."""
        return (
            _number(self.instructions),
            _number(self.flash_bytes),
            f"{self.arena_bytes:,} + {self.beside_bytes:,}",
            _number(self.stack_bytes),
        )


def _number(value: int | None) -> str:
    return MISSING if value is None else f"{value:,}"


Published = Mapping[tuple[str, str], Mapping[str, int]]  # by SHA-256 of the model, and core


def measured(model: Path, board: Board, runtime: Runtime, tflm: Tflm | None) -> Figures:
    """Generate, build and run a model, and read what it takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tree(folder, generate([model], board, "cmake", runtime=runtime), force=True)
        built = build(folder, tflm)
        ran = emulate(folder, timeout_seconds=600)
    ram = dict.fromkeys(("arena", "runtime"), 0)
    for part in built.parts:
        if part.kind in ram:
            ram[part.kind] += part.ram_bytes
    counted = ran.models[0].instructions
    return Figures(
        counted, built.runtime_flash_bytes, ram["arena"], ram["runtime"], ran.stack_used_bytes
    )


def published_figures(model: Path, board: Board, known: Published) -> Figures | None:
    """Return what was published of TFLM for a model on a core; None if nothing was."""
    record = known.get((hashlib.sha256(model.read_bytes()).hexdigest(), board.core))
    if record is None:
        return None
    return Figures(
        record.get("instructions_per_invoke"),
        _tabled_flash(model, board),
        record["min_bytes"],
        record["ram_static_without_arena_bytes"],
        None,  # what else was on it is not published
    )


def _tabled_flash(model: Path, board: Board) -> int | None:
    """Return the flash that `fit` counts, unless its tables have only a larger variant."""
    names = [r.name for r in registrations(read_model(model), board.kernels)]
    table = flash_table(board.core)
    if any(table.entry(name) != name for name in names):
        return None
    return runtime_bytes(names, board.core, board.kernels)


def read_published(path: Path) -> Published:
    """Read a file of records: {"records": [{"model_sha256", "core", "min_bytes", ...}]}."""
    records = json.loads(path.read_text(encoding="utf-8"))["records"]
    return {(record["model_sha256"], record["core"]): record for record in records}


def row(model: Path, board: Board, tflm: Tflm | None, known: Published) -> str | None:
    """Return the table's row of a model on a board; None, and why on stderr, if it cannot run."""
    try:
        ours = measured(model, board, "c", None)
        theirs = (
            measured(model, board, "tflm", tflm) if tflm else published_figures(model, board, known)
        )
    except EdgecompressError as error:
        print(f"{model.stem} on {board.core}: {error}", file=sys.stderr)
        return None
    others = theirs.cells() if theirs else (MISSING,) * 4
    pairs = [cell for pair in zip(ours.cells(), others, strict=True) for cell in pair]
    return f"| {' | '.join((model.stem, board.core, *pairs))} |"


def version(program: str) -> str:
    """Return the first line of what a program says of itself."""
    words = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return words.stdout.splitlines()[0]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path, help="folder of .tflite files, or one of them")
    parser.add_argument(
        "--core", action="append", choices=list(BOARDS), help="leave out the others; repeatable"
    )
    parser.add_argument("--tflm", type=Path, help="a built TFLM, to measure it side by side")
    parser.add_argument("--published", type=Path, help="JSON of TFLM's figures, without --tflm")
    arguments = parser.parse_args()
    models = sorted(arguments.models.rglob("*.tflite")) or [arguments.models]
    boards = [load_board(BOARDS[core]) for core in arguments.core or BOARDS]
    tflm = find_tflm(arguments.tflm) if arguments.tflm else None
    known = read_published(arguments.published) if arguments.published else {}
    print(f"{version('arm-none-eabi-gcc')}; {version('qemu-system-arm')}. Sizes in bytes.\n")
    print(f"| {' | '.join(HEADINGS)} |")
    print(f"|{'---|' * len(HEADINGS)}")
    for board in boards:
        for model in models:
            if line := row(model, board, tflm, known):
                print(line, flush=True)


if __name__ == "__main__":
    main()
