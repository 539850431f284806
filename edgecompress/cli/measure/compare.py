"""`edgecompress compare`: models side by side."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from edgecompress.board import load_board
from edgecompress.cli import print_json
from edgecompress.cli.input.data import (
    optional_data_option,
    pixels_option,
    runtime_option,
    seed_option,
)
from edgecompress.cli.input.options import (
    BoardName,
    boards_dir_option,
    custom_objects_option,
    json_option,
)
from edgecompress.cli.output.rows import print_rows
from edgecompress.evaluate.data import compared_on_data


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@optional_data_option
@click.option(
    "--board",
    type=BoardName(),
    help="Board id or profile: adds flash and RAM used, in bytes, and whether it fits. Without it "
    "the arena is that of a Cortex-M4F with CMSIS-NN.",
)
@pixels_option
@runtime_option
@seed_option
@boards_dir_option
@custom_objects_option
@json_option
def command(
    *,
    models: tuple[Path, ...],
    data: str | None,
    board: str | None,
    pixels: str,
    runtime: Any,
    seed: int,
    boards_dir: Path | None,
    as_json: bool,
) -> None:
    """Show bytes, multiply-accumulates, arena and metrics of MODELS side by side.

    A Keras model's bytes, multiply-accumulates and arena are those of its int8 conversion; its
    metrics are its own, in float32. Metrics are of the data's test part.
    """
    from edgecompress.side_by_side import DEFAULT_CORE, DEFAULT_KERNELS, compare

    profile = load_board(board, boards_dir) if board else None
    metrics = compared_on_data(models, data, pixels, seed, runtime) if data is not None else []
    named = [(str(path), path) for path in models]
    compared = compare(named, [profile] if profile else [], metrics)
    (rows,) = ([asdict(row) for row in each] for each in compared.rows.values())
    if as_json:
        core = profile.core if profile else DEFAULT_CORE
        kernels = profile.kernels if profile else DEFAULT_KERNELS
        print_json({"board": board, "core": core, "kernels": kernels, "models": rows})
        return
    print_rows([_shown(row) for row in rows])
    for note in dict.fromkeys(row["note"] for row in rows if row["note"]):
        click.echo(f"Keras models are {note}.")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row for people: without what was not asked for."""
    shown = {key: value for key, value in row.items() if value is not None}
    metrics: dict[str, Any] = shown.pop("metrics")
    shown.pop("note", None)
    return shown | metrics
