"""`edgecompress build`: cross-compile generated firmware."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgecompress.cli import print_json
from edgecompress.cli.options import json_option, tflm_option

if TYPE_CHECKING:
    from edgecompress.firmware.build import Build, Use


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@tflm_option
@json_option
def command(folder: Path, tflm: Path | None, as_json: bool) -> None:
    """Build FOLDER, which `generate` wrote for cmake, and read flash and RAM from the ELF file.

    Needs CMake and arm-none-eabi-gcc.
    """
    from edgecompress.firmware.build import build
    from edgecompress.firmware.tflm import find_tflm

    result = build(folder, find_tflm(tflm))
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
            "predicted_runtime_flash_bytes": result.project.predicted_runtime_flash_bytes,
            "parts": [asdict(part) for part in result.parts],
        }
    )


def _use(use: "Use") -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(use), "headroom_bytes": use.headroom_bytes}


def _print(result: "Build") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("part", "kind", box=None)
    table.add_column("flash", justify="right")
    table.add_column("RAM", justify="right")
    for part in result.parts:
        table.add_row(part.name, part.kind, f"{part.flash_bytes:,}", f"{part.ram_bytes:,}")
    console = Console(highlight=False)
    console.print(table)
    for use in result.regions:
        console.print(
            f"{use.region}: {use.used_bytes:,} of {use.available_bytes:,} bytes", markup=False
        )
    linked, predicted = result.runtime_flash_bytes, result.project.predicted_runtime_flash_bytes
    console.print(
        f"TFLM runtime: {linked:,} bytes of flash; fit predicted {predicted:,} "
        f"({(linked - predicted) / predicted:+.1%})"
    )
    console.print(f"built {result.image}", markup=False)
