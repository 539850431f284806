"""Verdicts for people: KiB, headroom, and what takes the room."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from edgecompress.cli.output.side_by_side import RUNTIMES, answer_of, print_side_by_side
from edgecompress.memory.ram import Placed
from edgecompress.memory.verdict.changes import IN_ALL, changes
from edgecompress.memory.verdict.fit import Fit, ModelFacts
from edgecompress.memory.verdict.judge import Verdict
from edgecompress.memory.verdict.room import arena_apart

_KIB = 1024


def print_overview(result: Fit) -> None:
    """Print one row per board."""
    console = Console(highlight=False)
    _print_model(console, result.model)
    table = Table(box=None, padding=(0, 1))
    table.add_column("board", no_wrap=True)
    table.add_column("fits", no_wrap=True)
    for heading in ("arena", "flash", "free", "RAM", "free", "ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    for verdict in result.verdicts:
        table.add_row(*_overview_row(verdict))
    console.print(table)
    console.print("KiB; ms: estimated time of an inference, where there is evidence", style="dim")


def print_verdicts(result: Fit) -> None:
    """Print each board's items, problems and suggestions; two runtimes side by side."""
    console = Console(highlight=False)
    _print_model(console, result.model)
    for verdicts in _by_board(result.verdicts):
        console.print()
        if len(verdicts) == 1:
            _print_verdict(console, verdicts[0])
        else:
            print_side_by_side(console, verdicts)
            for verdict in verdicts:
                for text in _notes(verdict):
                    console.print(f"{RUNTIMES[verdict.runtime]}: {text}", markup=False)


def print_changes(before: Fit, after: Fit) -> None:
    """Print what each item takes more or less than in an earlier model, board by board."""
    console = Console(highlight=False)
    rows = changes(before, after)
    console.print(
        f"\nAgainst {before.model.path}:{'' if rows else ' nothing changes'}", markup=False
    )
    table = Table(box=None, padding=(0, 1))
    for heading in ("board", "memory", "what"):
        table.add_column(heading)
    for heading in ("before", "now", "more"):
        table.add_column(heading, justify="right")
    for change in rows:
        figures = f"{change.before_bytes:,}", f"{change.after_bytes:,}", f"{change.added_bytes:+,}"
        table.add_row(
            change.board, change.memory, change.name, *figures,
            style="" if change.name == IN_ALL else "dim",
        )  # fmt: skip
    if rows:
        console.print(table)


def _by_board(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.board.id, []).append(verdict)
    return list(found.values())


def _print_model(console: Console, model: ModelFacts) -> None:
    operators = ", ".join(f"{count} {op}" for op, count in model.operators)
    console.print(f"{model.path or 'model'}: {model.bytes:,} bytes, {operators}", markup=False)
    if model.note:
        console.print(model.note, style="yellow", markup=False)


def _overview_row(verdict: Verdict) -> tuple[str, ...]:
    flash, ram = verdict.flash, verdict.ram.arena
    ms = "" if verdict.latency is None else f"{verdict.latency.milliseconds:.0f}"
    if not verdict.runs:
        return verdict.title, "[red]NO[/red]"
    return (
        verdict.title,
        "[green]yes[/green]" if verdict.fits else "[red]NO[/red]",
        *(f"{size / _KIB:.1f}" for size in (
            verdict.arena.min_bytes, flash.used_bytes, flash.headroom_bytes, ram.used_bytes,
            ram.headroom_bytes,
        )),
        ms,
    )  # fmt: skip


def _print_verdict(console: Console, verdict: Verdict) -> None:
    board = verdict.board
    with_what = f"{verdict.kernels} kernels" if verdict.runtime == "tflm" else "C runtime"
    console.print(f"[bold]{board.name}[/bold] ({board.id}, {with_what}): {answer_of(verdict)}")
    if verdict.runs:
        console.print(_items_table(verdict))
    for text in _notes(verdict):
        console.print(text, markup=False)


def _items_table(verdict: Verdict) -> Table:
    table = Table(box=None, padding=(0, 1))
    table.add_column("what")
    table.add_column("bytes", justify="right")
    table.add_column("KiB", justify="right")
    table.add_column("basis")
    for title, placed in _regions(verdict):
        for item in placed.items:
            table.add_row(f"  {item.name}", f"{item.bytes:,}", "", item.basis, style="dim")
        share = placed.used_bytes / placed.region.available_bytes if placed.region else 0
        table.add_row(title, f"{placed.used_bytes:,}", _kib(placed.used_bytes), f"{share:.1%}")
        colour = "green" if placed.headroom_bytes >= 0 else "red"
        table.add_row(
            "  headroom", f"{placed.headroom_bytes:,}", _kib(placed.headroom_bytes), "",
            style=colour,
        )  # fmt: skip
    return table


def _regions(verdict: Verdict) -> Iterator[tuple[str, Placed]]:
    yield f"flash: {verdict.flash.region.name}", verdict.flash
    yield f"RAM: {verdict.ram.arena.region.name}", verdict.ram.arena
    if verdict.ram.main is not None:
        yield f"RAM: {verdict.ram.main.region.name}", verdict.ram.main


def _notes(verdict: Verdict) -> Iterator[str]:
    yield from arena_apart(verdict)
    yield from (f"problem: {problem}" for problem in verdict.problems)
    yield from (f"suggestion: {suggestion}" for suggestion in verdict.suggestions)
    if verdict.latency is not None:
        yield (
            f"estimated: {verdict.latency.milliseconds:.1f} ms an inference, "
            f"{verdict.latency.cycles / 1e6:.2f} million cycles, within {verdict.latency.error:.0%}"
        )
    yield from (f"arena estimated: {reason}" for reason in verdict.arena.why_estimated)


def _kib(size: int) -> str:
    return f"{size / _KIB:.1f}"
