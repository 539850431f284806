"""Verdicts on a board of several runtimes, side by side."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from edgecompress.memory.ram import Placed
from edgecompress.memory.verdict.judge import Runtime, Verdict

RUNTIMES: Mapping[Runtime, str] = {"tflm": "TFLM", "c": "C runtime"}
_KINDS = {
    "flash": ("model", "runtime", "application"),
    "RAM": ("arena", "runtime", "stack", "application"),
}


def answer_of(verdict: Verdict) -> str:
    """Return whether a model fits, with its colour."""
    if not verdict.runs:
        return "[red]cannot run[/red]"
    return "[green]fits[/green]" if verdict.fits else "[red]does not fit[/red]"


def print_side_by_side(console: Console, verdicts: Sequence[Verdict]) -> None:
    """Print what a board's verdicts come to by kind, in a column for each runtime, in bytes."""
    board = verdicts[0].board
    console.print(f"[bold]{board.name}[/bold] ({board.id})")
    table = Table(box=None, padding=(0, 1))
    table.add_column("bytes")
    for verdict in verdicts:
        table.add_column(RUNTIMES[verdict.runtime], justify="right")
    table.add_row("", *map(answer_of, verdicts))
    columns = [dict(_figures(verdict)) for verdict in verdicts]
    for title in dict.fromkeys(title for column in columns for title in column):
        cells = (f"{column[title]:,}" if title in column else "" for column in columns)
        table.add_row(title, *cells, style="dim" if title.startswith(" ") else "")
    console.print(table)


def _figures(verdict: Verdict) -> Iterator[tuple[str, int]]:
    if not verdict.runs:
        return
    main = [verdict.ram.main] if verdict.ram.main else []
    for memory, regions in (("flash", [verdict.flash]), ("RAM", [verdict.ram.arena, *main])):
        for kind in _KINDS[memory]:
            yield f"  {kind} in {memory}", sum(_of_kind(region, kind) for region in regions)
        for region in regions:
            yield f"{memory}: {region.region.name}", region.used_bytes
            yield f"headroom in {region.region.name}", region.headroom_bytes


def _of_kind(placed: Placed, kind: str) -> int:
    return sum(item.bytes for item in placed.items if item.kind == kind)
