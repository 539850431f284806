"""A run's figures before and after, as rows and as a table of HTML for notebooks."""

from collections.abc import Mapping
from typing import Any

from edgecompress.memory.verdict.html import table_html


def outcome_html(facts: Mapping[str, Any]) -> str:
    """Return the summary of a run, with its figures before and after."""
    columns = ("", "before", "after")
    rows = [dict(zip(columns, row, strict=True)) for row in before_and_after(facts)]
    return table_html(facts["summary"], rows)


def before_and_after(facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return rows of a run's figures: what it is, of the original, of the result."""
    before, after, verdict = facts["before"], facts["after"], facts["verdict"]
    rows = [
        (f"{facts['metric']}, test split, float", _metric(facts, before["float_test"]), ""),
        (
            f"{facts['metric']}, test split, int8",
            _metric(facts, before["int8_test"]),
            _metric(facts, after["int8_test"]),
        ),
    ]
    for title, key in (
        ("parameters", "parameters"),
        ("model, bytes", "model_bytes"),
        (f"tensor arena, bytes ({verdict['arena']['basis']})", "arena_bytes"),
        ("flash, bytes", "flash_bytes"),
        ("RAM, bytes", "ram_bytes"),
        ("multiply-accumulates", "macs"),
    ):
        rows.append((title, f"{before[key]:,}", f"{after[key]:,}"))
    for title, part in _memories(verdict):
        rows.append((f"{title} of the board, bytes", "", f"{part['available_bytes']:,}"))
    return rows


def _memories(verdict: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return flash and RAM; where the arena lies apart, each region of RAM by its name."""
    flash, ram = verdict["flash"], verdict["ram"]
    if "main" not in ram:
        return [("flash", flash), ("RAM", ram)]
    return [("flash", flash), *((f"RAM {part['region']}", part) for part in (ram, ram["main"]))]


def _metric(facts: Mapping[str, Any], value: float) -> str:
    return f"{100 * value:.2f} %" if facts["metric"] == "accuracy" else f"{value:.6g}"
