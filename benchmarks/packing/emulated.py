"""A model on an emulated Cortex-M4F: what it takes there, and whether its answers are TFLM's."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgecompress.board import load_board
from edgecompress.errors import DoesNotFitError, UnsupportedModelError, UsageError
from edgecompress.files import write_tree
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.model import Runtime
from edgecompress.firmware.toolchain.build import build
from edgecompress.firmware.toolchain.tflm import Tflm

BOARD = "mps2_an386"
_LIMIT_SECONDS = 3600


@dataclass(frozen=True)
class Run:
    """The longest of so many inferences, and how many of them answered as TFLM's interpreter."""

    instructions: int
    arena_bytes: int
    equal: int
    vectors: int

    def __str__(self) -> str:
        return f"{self.equal} of {self.vectors}"


def emulated(
    model: bytes, runtime: Runtime, vectors: int, tflm: Tflm | None = None, seed: int = 0
) -> Run | None:
    """Generate, build and run firmware; None if the runtime cannot run the model.

    Args:
        model: a .tflite.
        runtime: "c", or "tflm".
        vectors: how many inputs, of noise; in several images where flash has no room for all.
        tflm: to link with.
        seed: of the noise.
    """
    try:
        return _run(model, runtime, vectors, seed, tflm)
    except UnsupportedModelError:
        return None
    except (DoesNotFitError, UsageError):  # flash has no room for so many vectors
        if vectors == 1:
            raise
    halves = (vectors // 2, vectors - vectors // 2)
    runs = (emulated(model, runtime, half, tflm, 2 * seed + n) for n, half in enumerate(halves, 1))
    return _together([run for run in runs if run is not None])


def _together(runs: Sequence[Run]) -> Run:
    return Run(
        instructions=max(run.instructions for run in runs),
        arena_bytes=max(run.arena_bytes for run in runs),
        equal=sum(run.equal for run in runs),
        vectors=sum(run.vectors for run in runs),
    )


def _run(model: bytes, runtime: Runtime, vectors: int, seed: int, tflm: Tflm | None) -> Run:
    """Run one image."""
    board = load_board(BOARD)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = generate(
            [model], board, "cmake", "model", vectors=vectors, seed=seed, runtime=runtime
        )
        write_tree(folder, files, force=True)
        build(folder, tflm if runtime == "tflm" else None)
        (run,) = emulate(folder, timeout_seconds=_LIMIT_SECONDS).models
    used = run.arena_used_bytes
    return Run(run.instructions or 0, used, run.vectors - run.failed, run.vectors)
