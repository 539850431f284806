"""`edgecompress build`: compile generated firmware."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.options import json_option, tflm_option

if TYPE_CHECKING:
    from edgecompress.firmware.toolchain.build import Build, Use


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@tflm_option
@click.option(
    "--sanitize", is_flag=True,
    help="Of a host project: with AddressSanitizer and UndefinedBehaviorSanitizer.",
)  # fmt: skip
@json_option
def command(folder: Path, tflm: Path | None, sanitize: bool, as_json: bool) -> None:
    """Build FOLDER and read flash and RAM from the ELF file.

    FOLDER is what `generate` wrote for cmake, or what `compress` wrote, with such firmware in it.
    A FOLDER for host is built for this machine. Needs CMake, and the compiler of its core: of
    arm-none-eabi, of riscv64-unknown-elf with picolibc, or this machine's.
    """
    from edgecompress.errors import UsageError
    from edgecompress.firmware.sources.project import read_project
    from edgecompress.firmware.toolchain.build import build
    from edgecompress.firmware.toolchain.host import build_host
    from edgecompress.firmware.toolchain.tflm import find_tflm

    project = read_project(folder)
    found = find_tflm(tflm) if project.runtime == "tflm" else None
    if project.framework == "host":
        program = build_host(folder, found, sanitize=sanitize)
        if as_json:
            print_json({"image": str(program), "board": project.board, "core": project.core})
        else:
            click.echo(f"built {program}")
        return
    if sanitize:
        raise UsageError(f"{folder} is a project for {project.board}: --sanitize is for host")
    result = build(folder, found)
    if as_json:
        _print_json(result)
    else:
        _print(result)


def _print_json(result: "Build") -> None:
    from dataclasses import asdict

    main = {"main": _use(result.main)} if result.main is not None else {}
    print_json(
        {
            "image": str(result.image),
            "board": result.project.board,
            "core": result.project.core,
            "fits": result.fits,
            "flash": _use(result.flash),
            "ram": {**_use(result.ram), **main},
            "runtime_flash_bytes": result.runtime_flash_bytes,
            **_predicted(result),
            "parts": [asdict(part) for part in result.parts],
            "compared": [
                {**asdict(row), "difference_bytes": row.difference_bytes} for row in result.compared
            ],
            "explanations": list(result.explanations),
        }
    )


def _predicted(result: "Build") -> dict[str, int]:
    """Return what fit predicted; nothing of the C runtime."""
    prediction = result.project.prediction
    return {"predicted_runtime_flash_bytes": prediction.runtime_flash_bytes} if prediction else {}


def _use(use: "Use") -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(use), "headroom_bytes": use.headroom_bytes}


def _print(result: "Build") -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(_table(result))
    for reason in result.explanations:
        console.print(f"- {reason}", markup=False)
    for use in result.regions:
        console.print(
            f"{use.region}: {use.used_bytes:,} of {use.available_bytes:,} bytes", markup=False
        )
    linked, prediction = result.runtime_flash_bytes, result.project.prediction
    if prediction is None:
        console.print(f"C runtime: {linked:,} bytes of flash, weights and biases apart")
    else:
        predicted = prediction.runtime_flash_bytes
        console.print(
            f"TFLM runtime: {linked:,} bytes of flash; fit predicted {predicted:,} "
            f"({(linked - predicted) / predicted:+.1%})"
        )
    console.print(f"built {result.image}", markup=False)


def _table(result: "Build") -> Any:
    from rich.table import Table

    if not result.compared:
        table = Table("part", box=None)
        for heading in ("flash", "RAM"):
            table.add_column(heading, justify="right")
        for part in result.parts:
            table.add_row(part.name, f"{part.flash_bytes:,}", f"{part.ram_bytes:,}")
        return table
    table = Table("memory", "part", box=None)
    for heading in ("linked", "predicted", "difference"):
        table.add_column(heading, justify="right")
    for row in result.compared:
        sizes = (f"{row.linked_bytes:,}", f"{row.predicted_bytes:,}", f"{row.difference_bytes:+,}")
        table.add_row(row.memory, row.part, *sizes)
    return table
