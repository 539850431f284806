"""Verdicts for GitHub Actions: annotations, and a Markdown summary."""

from collections.abc import Sequence

from edgecompress.memory.verdict.fit import Fit


def annotations(result: Fit, grown: Sequence[str] = ()) -> tuple[str, ...]:
    """Return one workflow command per board, also those that are left out, and regression.

    Their form is GitHub's, "Workflow commands for GitHub Actions":
    `::error file=...,title=...::message`; GitHub shows them at the file.
    """
    lines = []
    path = result.model.path
    for verdict in result.verdicts:
        title = f"{verdict.title}: {'fits' if verdict.fits else 'does not fit'}"
        figures = (
            f"flash {verdict.flash.used_bytes:,} of {verdict.flash.region.available_bytes:,}, "
            f"RAM {verdict.ram.arena.used_bytes:,} of "
            f"{verdict.ram.arena.region.available_bytes:,} bytes"
        )
        told = (figures,) if verdict.fits else verdict.problems
        message = "\n".join((*told, *verdict.suggestions))
        lines.append(_command("notice" if verdict.fits else "error", path, title, message))
    lines.extend(
        _command("error", path, f"{board}: cannot run it", why) for board, why in result.refused
    )
    lines.extend(_command("error", path, "memory grew", line) for line in grown)
    return tuple(lines)


def refusal(path: str, why: str) -> str:
    """Return the workflow command of a model that could not be judged."""
    return _command("error", path, "cannot be judged", why)


def summary(result: Fit, grown: Sequence[str] = ()) -> str:
    """Return the job summary as GitHub-flavoured Markdown, ending in a newline."""
    lines = [
        f"### Memory of `{result.model.path or result.model.sha256[:12]}`",
        "",
        "| board | fits | arena | flash used | flash free | RAM used | RAM free |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for verdict in result.verdicts:
        flash, ram = verdict.flash, verdict.ram.arena
        cells = (verdict.arena.min_bytes, flash.used_bytes, flash.headroom_bytes, ram.used_bytes,
                 ram.headroom_bytes)  # fmt: skip
        figures = " | ".join(f"{cell:,}" for cell in cells)
        lines.append(f"| {verdict.title} | {'yes' if verdict.fits else 'NO'} | {figures} |")
    notes = [text for verdict in result.verdicts for text in (*verdict.problems,)]
    lines.extend(["", *(f"- {note}" for note in (*notes, *grown))] if notes or grown else [])
    return "\n".join(lines) + "\n"


def _command(level: str, path: str, title: str, message: str) -> str:
    known = {"file": path, "title": title}
    where = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in known.items() if value)
    return f"::{level} {where}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """Percent-encode what ends a command, as GitHub's toolkit does."""
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text
