"""Models of any kind on boards (`fit`), and side by side: bytes, arena, work, how well they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

from edgecompress.board import Board
from edgecompress.memory.arena.plan import plan_arena
from edgecompress.memory.verdict.changes import Change, changes
from edgecompress.memory.verdict.fit import Fit, Runtimes
from edgecompress.memory.verdict.fit import fit as fit_tflite
from edgecompress.memory.verdict.html import table_html
from edgecompress.memory.verdict.judge import Verdict
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
    arena_min_bytes: int | None  # None if the board's kernels cannot run it
    flash_used_bytes: int | None = None  # on the board, if one was given
    ram_used_bytes: int | None = None  # of the region that holds the arena
    fits: bool | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Models side by side on boards.

    Attributes:
        rows: by board, with its runtime unless that is TFLM; one of each model, in order. Where no
            board was given, they are of a Cortex-M4F with CMSIS-NN, under "".
        changes: what the last model takes more or less than the first, item by item.
        refused: model, board and why the board's kernels cannot run the model.
    """

    rows: Mapping[str, tuple[Compared, ...]]
    changes: tuple[Change, ...] = ()
    refused: tuple[tuple[str, str, str], ...] = ()

    def _repr_html_(self) -> str:
        return comparison_html(self)


def comparison_html(comparison: Comparison) -> str:
    """Return a table for each board, and one of what changes from the first model to the last."""
    tables = [
        table_html(board or "Cortex-M4F with CMSIS-NN", [_shown(row) for row in rows])
        for board, rows in comparison.rows.items()
    ]
    refused = comparison.refused
    if comparison.changes:
        items = [_change(each) for each in comparison.changes]
        tables.append(table_html("from the first to the last", items))
    reasons = (f"<li>{escape(f'{model}, {board}: {why}')}</li>" for model, board, why in refused)
    return "".join((*tables, *(("<ul>", *reasons, "</ul>") if refused else ())))


def _shown(row: Compared) -> dict[str, str]:
    sizes = {
        "arena, bytes": row.arena_min_bytes,
        "flash, bytes": row.flash_used_bytes,
        "RAM, bytes": row.ram_used_bytes,
    }
    return {
        "model": row.model,
        "bytes": f"{row.bytes:,}",
        "multiply-accumulates": f"{row.macs:,}",
        **{name: f"{size:,}" for name, size in sizes.items() if size is not None},
        **({} if row.fits is None else {"fits": "yes" if row.fits else "NO"}),
        **{name: f"{value:.4g}" for name, value in row.metrics.items()},
    }


def _change(change: Change) -> dict[str, str]:
    return {
        "board": change.board,
        "memory": change.memory,
        "item": change.name,
        "before, bytes": f"{change.before_bytes:,}",
        "after, bytes": f"{change.after_bytes:,}",
        "added, bytes": f"{change.added_bytes:+,}",
    }


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
    models: Sequence[tuple[str, Any]],
    boards: Sequence[Board] = (),
    metrics: Sequence[Mapping[str, float]] = (),
    *,
    runtime: Runtimes = "tflm",
) -> Comparison:
    """Return the sizes of models on boards, or on a Cortex-M4F with CMSIS-NN.

    Args:
        models: names, and what `fit` takes.
        boards: where they are to run.
        metrics: how well each does, if that was measured.
        runtime: what runs them on the boards.

    Raises:
        ModelError: a model cannot be read or converted, or TFLM cannot run it.
    """
    loaded = [load_graph(model) for _, model in models]
    bare = [
        Compared(name, graph.size_bytes, graph_macs(graph), None, metrics=measured, note=note)
        for (name, _), (graph, note), measured in zip(
            models, loaded, metrics or [{}] * len(models), strict=True
        )
    ]
    if boards:
        fits = [fit_tflite(graph, boards, others=(), runtime=runtime) for graph, _ in loaded]
        return _on_boards(bare, fits)
    arenas = (plan_arena(graph, DEFAULT_CORE, DEFAULT_KERNELS) for graph, _ in loaded)
    planned = zip(bare, arenas, strict=True)
    return Comparison({"": tuple(replace(row, arena_min_bytes=a.min_bytes) for row, a in planned)})


def _on_boards(bare: Sequence[Compared], fits: Sequence[Fit]) -> Comparison:
    rows: dict[str, list[Compared]] = {}
    refused = []
    for model, judged in zip(bare, fits, strict=True):
        for verdict in judged.verdicts:
            rows.setdefault(verdict.title, []).append(_on_board(model, verdict))
            refused += [] if verdict.runs else [(model.model, verdict.title, verdict.problems[0])]
        refused += [(model.model, *why) for why in judged.refused]
    changed = changes(fits[0], fits[-1])
    return Comparison({title: tuple(each) for title, each in rows.items()}, changed, tuple(refused))


def _on_board(model: Compared, verdict: Verdict) -> Compared:
    if not verdict.runs:
        return replace(model, fits=False)
    return replace(
        model,
        arena_min_bytes=verdict.arena.min_bytes,
        flash_used_bytes=verdict.flash.used_bytes,
        ram_used_bytes=verdict.ram.arena.used_bytes,
        fits=verdict.fits,
    )
