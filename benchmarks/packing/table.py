"""Bytes and arenas before packing and after each step, as Markdown, with outputs compared.

    python benchmarks/packing/table.py FOLDER [--inputs 100] [--emulate 100 [--tflm PATH]]

FOLDER is searched for .tflite, .h5 and .keras files. Keras models are quantized to int8 with
calibration samples drawn evenly from 0 to 1. Outputs are those of the TFLM interpreter on int8
noise; "equal" is bit for bit. Seconds are of this computer. With --emulate, firmware of the model
as it is and packed runs in QEMU's Cortex-M4F: the C runtime's, and TFLM's with a built TFLM. Told
are the instructions of the longest inference, and how many outputs are those of TFLM's interpreter.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from emulated import emulated

from edgecompress.errors import EdgecompressError, UnsupportedModelError
from edgecompress.firmware.toolchain.tflm import Tflm, find_tflm
from edgecompress.memory.arena.cross_check import verify
from edgecompress.pack.pack import FAMILIES, pack
from edgecompress.pack.packed import Packed
from edgecompress.program.lower import lower
from edgecompress.tflite.interpreter import run
from edgecompress.tflite.reader import read_model

SUFFIXES = (".tflite", ".h5", ".keras")
SAMPLES = 50
ARENAS = tuple(f"arena, {core}" for core in FAMILIES)
HEADINGS = (
    "model", "after", "bytes", *ARENAS, "arena, C runtime", "multiply-accumulates", "s", "outputs",
    "emulated, C runtime", "emulated, TFLM",
)  # fmt: skip
NOTHING = "-"


@dataclass(frozen=True)
class How:
    """How models are packed and compared; without `vectors` nothing is emulated."""

    inputs: int
    ram_budget_bytes: int | None
    vectors: int
    tflm: Tflm | None


def main() -> None:
    """Print a table with a row for each model and step that changed it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inputs", type=int, default=100)
    parser.add_argument("--ram-budget", type=int, help="an arena, beyond which patches are tried")
    parser.add_argument("--emulate", type=int, default=0, help="so many inputs, in QEMU")
    parser.add_argument("--tflm", type=Path, help="a built TFLM, to emulate it too")
    arguments = parser.parse_args()
    tflm = find_tflm(arguments.tflm) if arguments.tflm else None
    how = How(arguments.inputs, arguments.ram_budget, arguments.emulate, tflm)
    print(line(HEADINGS))
    print(line(["---"] * len(HEADINGS)))
    for path in sorted(p for p in arguments.folder.rglob("*") if p.suffix in SUFFIXES):
        print_model(path, how)


def print_model(path: Path, how: How) -> None:
    """Print a model's rows, or why it cannot be packed."""
    try:
        for row in rows(path, how):
            print(line(row), flush=True)
    except EdgecompressError as error:
        print(line([path.name, f"not packed: {error}".replace("\n", " ")]), flush=True)


def line(cells: list[str] | tuple[str, ...]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def rows(path: Path, how: How) -> Iterator[list[str]]:
    """Yield what a model takes as it is and after each step, the last with time and outputs."""
    model = path.read_bytes() if path.suffix == ".tflite" else quantized(path)
    start = time.perf_counter()
    packed = pack(model, ram_budget_bytes=how.ram_budget_bytes)
    seconds = time.perf_counter() - start
    found = [("-", packed.before), *((s.name, s.sizes) for s in packed.steps if s.done)]
    for number, (name, sizes) in enumerate(found):
        last = number == len(found) - 1
        arenas = [f"{sizes.arena_bytes.get(core, 0):,}" for core in FAMILIES]
        written = packed.model if last else model
        c_arena = arena_of_c(written) if last or not number else ""
        told = [f"{seconds:.1f}", compared(model, packed, how.inputs)] if last else ["", ""]
        ran = emulations(written, how) if last or not number else ["", ""]
        taken = [f"{sizes.model_bytes:,}", *arenas, c_arena, f"{sizes.macs:,}"]
        yield [path.name if not number else "", name, *taken, *told, *ran]


def arena_of_c(model: bytes) -> str:
    """Return the C runtime's arena, which is the same on all cores."""
    try:
        return f"{lower(read_model(model)).arena_bytes:,}"
    except UnsupportedModelError:
        return NOTHING


def emulations(model: bytes, how: How) -> list[str]:
    """Return what each runtime takes in QEMU, and how many of its answers are right."""
    ours = emulated(model, "c", how.vectors) if how.vectors else None
    theirs = emulated(model, "tflm", how.vectors, how.tflm) if how.vectors and how.tflm else None
    return [NOTHING if run is None else f"{run.instructions:,}, {run}" for run in (ours, theirs)]


def quantized(path: Path) -> bytes:
    """Return a Keras model in int8; its ranges are those of noise."""
    from edgecompress.keras_files.model import load_keras
    from edgecompress.quantize.post_training import quantize

    model = load_keras(path)
    noise = np.random.default_rng(0).random((SAMPLES, *model.input_shape[1:]), np.float32)
    return quantize(model, noise, samples=SAMPLES, judged=False)


def compared(model: bytes, packed: Packed, count: int) -> str:
    """Say whether outputs are equal, and whether TFLM on this computer allocates as predicted."""
    main = read_model(model).main
    random = np.random.default_rng(0)
    tensors = [main.tensors[index] for index in main.inputs]
    if any(tensor.type not in {"INT8", "INT16"} for tensor in tensors):
        return "not compared"
    noise = [
        random.integers(-128, 128, (count, *tensor.shape)).astype(tensor.type.lower())
        for tensor in tensors
    ]
    ours, theirs = (run(each, noise, "tflm") for each in (packed.model, model))
    equal = all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))
    agrees = not verify(packed.model).differences
    return f"{'equal' if equal else 'DIFFERENT'} on {count}" + ("" if agrees else ", ARENA DIFFERS")


if __name__ == "__main__":
    main()
