"""What a run came to, for the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgecompress.report.before_and_after import before_and_after
from edgecompress.tflite.summary import normalization_in_words


def print_outcome(facts: Mapping[str, Any], out: Path) -> None:
    """Print before and after, the memory, and where everything is, to stdout."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("", "before", "after"):
        table.add_column(column, justify="left" if not column else "right")
    for row in before_and_after(facts):
        table.add_row(*row)
    console.print(table)
    for step in facts["steps"]:
        console.print(f"{step['step']}: {step['why']}", markup=False, soft_wrap=True)
    for row in facts["after"]["normalized_inputs"]:
        console.print(normalization_in_words(row), markup=False, soft_wrap=True)
    for row in facts["runtimes"]:
        console.print(_runtime(row), markup=False, soft_wrap=True)
    if facts["fits"] and facts["accurate"]:  # else it is the error, and said as such
        console.print(facts["summary"], style="bold", markup=False, soft_wrap=True)
    console.print(f"Written to {out}: {', '.join(_written(out))}", markup=False, soft_wrap=True)


def _runtime(row: Mapping[str, Any]) -> str:
    """Say what a runtime takes, and whether it is the one of this run."""
    name = {"tflm": "TFLM", "c": "C runtime"}[row["runtime"]]
    chosen = " (chosen)" if row["chosen"] else ""
    if not row["runs"]:
        return f"{name}{chosen}: lacks an operator of the model"
    return (
        f"{name}{chosen}: {row['flash_bytes']:,} bytes of flash, {row['ram_bytes']:,} of RAM, "
        f"{'fits' if row['fits'] else 'does not fit'}"
    )


def _written(out: Path) -> list[str]:
    from edgecompress.report.write import OUTPUTS

    return [name for name in OUTPUTS if (out / name).exists()]
