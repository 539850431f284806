"""`edgecompress demo`: the main job on real data that installs with a dependency."""

from pathlib import Path

import click

from edgecompress.cli.input.options import BoardName


@click.command()
@click.option(
    "--board",
    type=BoardName(),
    default="arduino_uno_r4_minima",
    show_default=True,
    help="Board id.",
)
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

    With TFLM the network, quantized, needs more RAM than the default board has; with kernels in C
    it fits. For a smaller board it is pruned, and distilled from its unpruned self. At last it
    runs: as firmware in C in QEMU where the cross compiler is installed too, and on this machine
    otherwise.
    """
    from edgecompress.demo import demo
    from edgecompress.pipeline import raise_for_outcome
    from edgecompress.report.terminal import print_outcome

    outcome = demo(board, out, seed=seed, force=force)
    print_outcome(outcome.facts, out)
    raise_for_outcome(outcome)
    run_firmware(board, out, force=force)


def run_firmware(board: str, out: Path, *, force: bool) -> None:
    """Run the firmware, or say what to install for that; then say what comes next."""
    from edgecompress.board import load_board
    from edgecompress.cli.emulate import print_emulation
    from edgecompress.demo import run_network
    from edgecompress.errors import ToolError
    from edgecompress.firmware.sources.choice import default_framework

    profile = load_board(board)
    try:
        result = run_network(board, out, force=force)
    except ToolError as error:
        click.echo(f"The firmware was not run: {error}")
    else:
        click.echo(f"Run as firmware in C, a second project ({out / 'emulated'}, --runtime c):")
        print_emulation(result)
    readme = out / "firmware" / "README.md"
    click.echo(
        f"Next, on {profile.name} itself: the steps in {readme}, for {default_framework(profile)}"
    )
