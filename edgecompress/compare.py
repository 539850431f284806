"""Models of any kind on boards (`fit`), and side by side: bytes, arena, work, how well they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edgecompress.board import Board
from edgecompress.evaluate.score import is_tflite
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.memory.verdict.fit import Fit
from edgecompress.memory.verdict.fit import fit as fit_tflite
from edgecompress.memory.verdict.html import table_html
from edgecompress.quantize.preflight import load_graph
from edgecompress.tflite.macs import graph_macs

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

    def _repr_html_(self) -> str:
        return comparison_html([self])


def comparison_html(compared: Sequence[Compared]) -> str:
    """Return models side by side as a table of HTML."""
    rows = [
        {
            "model": each.model,
            "bytes": f"{each.bytes:,}",
            "arena, bytes": f"{each.arena_min_bytes:,}",
            "multiply-accumulates": f"{each.macs:,}",
            **({} if each.fits is None else {"fits": "yes" if each.fits else "NO"}),
            **{name: f"{value:.4g}" for name, value in each.metrics.items()},
        }
        for each in compared
    ]
    return table_html("models side by side", rows)


def fit(model: Any, boards: Sequence[Board], **options: Any) -> Fit:
    """Judge a model's memory on `boards`; a Keras model is converted first, with noise.

    Args:
        model: a .tflite file, its bytes or its graph, a Keras model's file or folder, or a
            keras.Model.
        boards: what to judge it on.
        options: as of `memory.verdict.fit.fit`.

    Raises:
        ModelError: the model cannot be read or converted, or TFLM cannot run it.
        UsageError: the kernel library does not run on a board's core.
    """
    graph, note = load_graph(model)
    judged = fit_tflite(graph, boards, **options)
    path = str(model) if isinstance(model, Path) else ""
    return replace(judged, model=replace(judged.model, path=path, note=note))


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
    verdict = fit_tflite(graph, [board], others=()).verdicts[0] if board else None
    arena = verdict.arena if verdict else plan_arena(graph, DEFAULT_CORE, DEFAULT_KERNELS)
    return Compared(
        model=str(path),
        bytes=graph.size_bytes,
        macs=graph_macs(graph),
        arena_min_bytes=arena.min_bytes,
        flash_used_bytes=verdict.flash.used_bytes if verdict else None,
        ram_used_bytes=verdict.ram.arena.used_bytes if verdict else None,
        fits=verdict.fits if verdict else None,
        metrics=metrics or {},
        note=note,
    )
