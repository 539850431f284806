"""`edgecompress emulate`: run built firmware, in QEMU or on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.options import json_option

if TYPE_CHECKING:
    from edgecompress.firmware.run.emulate import Emulation, ModelRun


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="When to give up on an image that does not end, in seconds.",
)
@click.option(
    "--profile",
    is_flag=True,
    help="Count the instructions of each operator or layer, in a second image.",
)
@json_option
def command(folder: Path, timeout: float, profile: bool, as_json: bool) -> None:
    """Run the firmware in FOLDER in QEMU and compare its outputs with the golden vectors.

    FOLDER is what `generate` wrote, or `compress`.

    A board that QEMU has no machine for is stood in for by one of its core, or of the nearest.
    A project of the framework host runs on this machine, as it is.
    """
    from edgecompress.firmware.run.emulate import emulate

    result = emulate(folder, timeout_seconds=timeout, profile=profile)
    if as_json:
        _print_json(result)
    else:
        print_emulation(result)


def _print_json(result: "Emulation") -> None:
    from dataclasses import asdict

    print_json(
        {
            "board": result.project.board,
            "core": result.project.core,
            "machine": result.machine,
            "machine_core": result.core,
            "models": [asdict(model) for model in result.models],
            "stack_used_bytes": result.stack_used_bytes,
        }
    )


def print_emulation(result: "Emulation") -> None:
    """Print what ran where, and what it took."""
    from edgecompress.firmware.sources.project import BareMetalProject

    project = result.project
    stands_in = "" if result.core == project.core else f", which stands in for {project.core}"
    machine = "this machine" if result.machine == "host" else f"QEMU's {result.machine}"
    click.echo(f"{project.board} on {machine} ({result.core}){stands_in}")
    for model in result.models:
        click.echo(_line(model))
    if result.stack_used_bytes is not None:
        total = f" of {project.stack_bytes:,}" if isinstance(project, BareMetalProject) else ""
        click.echo(f"stack used {result.stack_used_bytes:,}{total} bytes")
    for model in result.models:
        if model.operators:
            _print_operators(model)


def _line(model: "ModelRun") -> str:
    counted, took = model.instructions, model.microseconds
    return (
        f"{model.name}: {model.vectors} of {model.vectors} vectors equal TFLM's interpreter; "
        f"arena used {model.arena_used_bytes:,} bytes, planned {model.arena_planned_bytes:,}"
        + ("" if counted is None else f"; {counted:,} instructions an inference")
        + ("" if took is None else f"; {took:,} us of processor time an inference")
    )


def _print_operators(model: "ModelRun") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{model.name}: longest inference", title_justify="left", box=None)
    for heading in ("#", "operator", "instructions", "share"):
        table.add_column(heading, justify="left" if heading == "operator" else "right")
    total = max(1, sum(operator.instructions for operator in model.operators))
    for position, operator in enumerate(model.operators, start=1):
        share = f"{operator.instructions / total:.1%}"
        table.add_row(str(position), operator.name, f"{operator.instructions:,}", share)
    Console(highlight=False).print(table)
