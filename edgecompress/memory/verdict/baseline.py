"""Memory figures kept from an earlier run, and what has grown since."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgecompress.errors import MALFORMED, UsageError
from edgecompress.files import write_file
from edgecompress.memory.verdict.fit import Fit
from edgecompress.memory.verdict.judge import Verdict

_FIGURES = ("arena_min_bytes", "flash_used_bytes", "ram_used_bytes")


def save_baseline(path: Path, result: Fit) -> None:
    """Write the figures of each board to `path`, for `growth` to compare with.

    Raises:
        UsageError: a file is there that is not a baseline.
    """
    if path.exists():
        _read(path)
    boards = {verdict.title: _figures(verdict) for verdict in result.verdicts}
    document = {"model_sha256": result.model.sha256, "boards": boards}
    write_file(path, json.dumps(document, indent=2) + "\n")


def growth(path: Path, result: Fit) -> tuple[str, ...]:
    """Return each figure that is larger than in the baseline, as a sentence; none if none is.

    Boards that the baseline does not know are not compared.

    Raises:
        UsageError: the baseline cannot be read.
    """
    before = _read(path)
    return tuple(
        f"{verdict.title}: {name} grew by {now - then:,}, from {then:,} to {now:,}"
        for verdict in result.verdicts
        if verdict.title in before
        for name, now in _figures(verdict).items()
        if now > (then := before[verdict.title][name])
    )


def _figures(verdict: Verdict) -> dict[str, int]:
    ram = verdict.ram.arena.used_bytes + (verdict.ram.main.used_bytes if verdict.ram.main else 0)
    values = (verdict.arena.min_bytes, verdict.flash.used_bytes, ram)
    return dict(zip(_FIGURES, values, strict=True))


def _read(path: Path) -> Mapping[str, Mapping[str, int]]:
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        boards = document["boards"]
        return {board: {name: int(row[name]) for name in _FIGURES} for board, row in boards.items()}
    except OSError as error:
        raise UsageError(f"{path}: cannot read the baseline: {error.strerror}") from error
    except MALFORMED as error:
        raise UsageError(
            f"{path}: not a baseline of `fit`; write one with --save-baseline"
        ) from error
