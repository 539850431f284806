"""`edgecompress demo`: the main job on real data that installs with a dependency."""

from pathlib import Path

import click


@click.command()
@click.option("--board", default="arduino_uno_r4_minima", show_default=True, help="Board id.")
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="demo-out",
    show_default=True,
    help="Folder to write to.",
)
@click.option("--seed", default=0, show_default=True, help="Of every random choice.")
@click.option("--force", is_flag=True, help="Overwrite the files of an earlier run.")
def command(board: str, out: Path, seed: int, force: bool) -> None:
    """Train a small network on scikit-learn's digits, and compress it for a small board.

    The network needs more RAM than the default board has: it is pruned, distilled from its
    unpruned self, quantized, and written as firmware.
    """
    from edgecompress.demo import demo
    from edgecompress.pipeline import raise_for_outcome
    from edgecompress.report.terminal import print_outcome

    outcome = demo(board, out, seed=seed, force=force)
    print_outcome(outcome.facts, out)
    raise_for_outcome(outcome)
