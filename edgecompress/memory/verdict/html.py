"""Verdicts in a line, and as a table of HTML, as notebooks show results."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from edgecompress.memory.ram import Placed
from edgecompress.memory.verdict.judge import Verdict

_HEADINGS = ("board", "fits", "arena, bytes", "flash, bytes", "RAM, bytes")


def verdicts_html(title: str, verdicts: Sequence[Verdict]) -> str:
    """Return a table with a row for each verdict, and below it what is too large and would help."""
    rows = [dict(zip(_HEADINGS, _cells(verdict), strict=True)) for verdict in verdicts]
    notes = "".join(f"<li>{escape(note)}</li>" for note in _notes(verdicts))
    return table_html(title, rows) + (f"<ul>{notes}</ul>" if notes else "")


def verdict_in_words(verdict: Verdict) -> str:
    """Say in a line whether a model fits a board, and what it takes of it."""
    if not verdict.runs:
        return f"{verdict.title} cannot run it"
    names = ("tensor arena", "flash", "RAM")
    _, fits, *sizes = _cells(verdict)
    figures = ", ".join(f"{name} {size}" for name, size in zip(names, sizes, strict=True))
    return f"{'fits' if fits == 'yes' else 'does not fit'} {verdict.title}: {figures}"


def table_html(title: str, rows: Sequence[Mapping[str, str]]) -> str:
    """Return a table whose columns are the keys of the rows."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    lines = ([f"<td>{escape(row.get(column, ''))}</td>" for column in columns] for row in rows)
    body = "".join(f"<tr>{''.join(line)}</tr>" for line in lines)
    return f"<table><caption>{escape(title)}</caption><tr>{head}</tr>{body}</table>"


def _cells(verdict: Verdict) -> Iterator[str]:
    yield verdict.title
    yield "yes" if verdict.fits else "NO"
    if not verdict.runs:
        yield from ("", "", "")
        return
    yield f"{verdict.arena.min_bytes:,} ({verdict.arena.basis})"
    yield from (_share(placed) for placed in (verdict.flash, verdict.ram.arena))


def _share(placed: Placed) -> str:
    return f"{placed.used_bytes:,} of {placed.region.available_bytes:,}"


def _notes(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        for text in (*verdict.problems, *verdict.suggestions):
            yield f"{verdict.title}: {text}"
