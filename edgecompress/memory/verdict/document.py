"""Verdicts as the JSON document of `fit --json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from edgecompress.memory.flash import Item
from edgecompress.memory.ram import Placed, Placement
from edgecompress.memory.verdict.changes import changes
from edgecompress.memory.verdict.fit import Fit, ModelFacts
from edgecompress.memory.verdict.judge import Verdict


def fit_document(result: Fit) -> dict[str, Any]:
    """Return `{"model": ..., "boards": [...]}` of plain values."""
    return {
        "model": _model(result.model),
        "boards": [verdict_document(verdict) for verdict in result.verdicts],
    }


def changes_document(before: Fit, after: Fit) -> dict[str, Any]:
    """Return `{"compared_with": {"model": ..., "changes": [...]}}`, what each item takes more."""
    rows = [
        asdict(change) | {"added_bytes": change.added_bytes} for change in changes(before, after)
    ]
    return {"compared_with": {"model": _model(before.model), "changes": rows}}


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Return one board's verdict. `latency` is there only for boards with evidence."""
    arena = verdict.arena
    document = {
        "board": verdict.board.id,
        "runtime": verdict.runtime,
        "fits": verdict.fits,
        "kernels": verdict.kernels,
        "tflm": verdict.tflm,
        "arena": {
            "min_bytes": arena.min_bytes,
            "used_bytes": arena.used_bytes,
            "head_bytes": arena.head_bytes,
            "tail_bytes": arena.tail_bytes,
            "basis": arena.basis,
        },
        "flash": _placed(verdict.flash),
        "ram": _ram(verdict.ram),
        "problems": list(verdict.problems),
        "suggestions": list(verdict.suggestions),
    }
    if verdict.latency is not None:
        document["latency"] = asdict(verdict.latency)
    return document


def _model(model: ModelFacts) -> dict[str, Any]:
    operators = [{"op": op, "count": count} for op, count in model.operators]
    return {
        "path": model.path, "sha256": model.sha256, "bytes": model.bytes, "operators": operators,
        **({"note": model.note} if model.note else {}),
    }  # fmt: skip


def _ram(ram: Placement) -> Mapping[str, Any]:
    """Return the arena's region; and the main one apart, where the arena is elsewhere."""
    document: dict[str, Any] = {"region": ram.arena.region.name, **_placed(ram.arena)}
    if ram.main is not None:
        document["main"] = {"region": ram.main.region.name, **_placed(ram.main)}
    return document


def _placed(placed: Placed) -> dict[str, Any]:
    return {
        "available_bytes": placed.region.available_bytes,
        "used_bytes": placed.used_bytes,
        "headroom_bytes": placed.headroom_bytes,
        "items": _items(placed.items),
    }


def _items(items: Sequence[Item]) -> list[dict[str, Any]]:
    return [asdict(item) for item in items]
