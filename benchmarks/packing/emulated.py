"""A model on an emulated Cortex-M4F: what it takes there, and whether its answers are TFLM's."""

import tempfile
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


def emulated(model: bytes, runtime: Runtime, vectors: int, tflm: Tflm | None = None) -> Run | None:
    """Generate, build and run firmware; None if the runtime cannot run the model.

    Args:
        model: a .tflite.
        runtime: "c", or "tflm".
        vectors: how many inputs, of noise; fewer where flash has no room for them.
        tflm: to link with.
    """
    board = load_board(BOARD)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            files = generate([model], board, "cmake", "model", vectors=vectors, runtime=runtime)
            write_tree(folder, files, force=True)
            build(folder, tflm if runtime == "tflm" else None)
        except UnsupportedModelError:
            return None
        except (DoesNotFitError, UsageError):  # flash has no room for so many vectors
            if vectors == 1:
                raise
            return emulated(model, runtime, vectors // 4 or 1, tflm)
        (run,) = emulate(folder, timeout_seconds=_LIMIT_SECONDS).models
    used = run.arena_used_bytes
    return Run(run.instructions or 0, used, run.vectors - run.failed, run.vectors)
