"""Models side by side: bytes, tensor arena, multiply-accumulates, and how well they do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgecompress.board import Board
from edgecompress.evaluate import is_tflite
from edgecompress.memory.arena import plan_arena
from edgecompress.memory.preflight import load_graph
from edgecompress.memory.verdict import fit
from edgecompress.tflite.macs import operator_macs

# What the arena is planned for where no board is given: the most common core of the profiles.
DEFAULT_CORE, DEFAULT_KERNELS = "cortex-m4f", "cmsis-nn"


@dataclass(frozen=True)
class Compared:
    """One model's figures. Those of a Keras model are of its int8 conversion, as `note` says."""

    model: str
    bytes: int  # of the .tflite
    macs: int
    arena_min_bytes: int
    flash_used_bytes: int | None = None  # on the board, if one was given
    ram_used_bytes: int | None = None  # of the region that holds the arena
    fits: bool | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    note: str | None = None


def compare(
    path: Path, board: Board | None = None, metrics: Mapping[str, float] | None = None
) -> Compared:
    """Return a model's sizes, on `board` or on a Cortex-M4F with CMSIS-NN.

    Args:
        path: a .tflite, or a Keras model, which is converted with noise for calibration.
        board: where it is to run.
        metrics: how well it does, if that was measured.

    Raises:
        ModelError: the model cannot be read or converted, or TFLM cannot run it.
    """
    graph, note = load_graph(path.read_bytes() if is_tflite(path) else path)
    verdict = fit(graph, [board], others=()).verdicts[0] if board else None
    arena = verdict.arena if verdict else plan_arena(graph, DEFAULT_CORE, DEFAULT_KERNELS)
    return Compared(
        model=str(path),
        bytes=graph.size_bytes,
        macs=sum(operator_macs(graph.main, operator) for operator in graph.main.operators),
        arena_min_bytes=arena.min_bytes,
        flash_used_bytes=verdict.flash.used_bytes if verdict else None,
        ram_used_bytes=verdict.ram.arena.used_bytes if verdict else None,
        fits=verdict.fits if verdict else None,
        metrics=metrics or {},
        note=note,
    )
