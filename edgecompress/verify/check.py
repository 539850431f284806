"""A thing that a folder says of itself, looked at again."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgecompress.errors import MALFORMED, UsageError

Kind = Literal["files", "model", "golden vectors", "emulation", "fit", "accuracy"]

# What a failed check ends in, by kind: the exit codes of `compress` and `build` for the same.
EXIT_CODES: Mapping[Kind, int] = {
    "files": 2, "model": 2, "golden vectors": 3, "emulation": 3, "accuracy": 4, "fit": 5,
}  # fmt: skip


@dataclass(frozen=True)
class Check:
    """What was looked at, and whether it holds; None where it could not be looked at."""

    kind: Kind
    holds: bool | None
    detail: str


def unchecked(kind: Kind, why: str) -> Check:
    """Return a check that could not be made, with the reason."""
    return Check(kind, None, f"not checked: {why}")


def check_files(folder: Path, hashes: Mapping[str, str]) -> Check:
    """Compare the files of a folder with their digests of when they were written."""
    differing = [name for name, digest in hashes.items() if _sha256(folder / name) != digest]
    if not differing:
        return Check("files", holds=True, detail=f"{len(hashes)} files are as they were written")
    gone = [name for name in differing if not (folder / name).is_file()]
    changed = [name for name in differing if name not in gone]
    parts = [
        f"{what}: {_some(names)}" for what, names in (("changed", changed), ("gone", gone)) if names
    ]
    return Check("files", holds=False, detail="; ".join(parts))


def check_equal(kind: Kind, rows: Sequence[tuple[str, Any, Any]]) -> Check:
    """Compare figures of then and now: (what it is, then, now)."""
    different = [
        f"{what} was {_figure(then)}, is {_figure(now)}" for what, then, now in rows if then != now
    ]
    same = ", ".join(f"{what} {_figure(now)}" for what, _, now in rows)
    return Check(kind, not different, "; ".join(different) or same)


def failed(checks: Sequence[Check]) -> Iterator[Check]:
    """Yield what no longer holds."""
    return (check for check in checks if check.holds is False)


def read_facts(path: Path) -> dict[str, Any]:
    """Read a JSON object that a run left.

    Raises:
        UsageError: it cannot be read.
    """
    import json

    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, *MALFORMED) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    if not isinstance(facts, dict):
        raise UsageError(f"{path}: is not what edgecompress writes")
    return facts


def _sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
