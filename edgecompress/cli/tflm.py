"""`edgecompress tflm`: what a folder of TFLM offers."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.options import json_option
from edgecompress.errors import ToolError

if TYPE_CHECKING:
    from edgecompress.firmware.toolchain.tflm import Tflm


@click.group()
def command() -> None:
    """Look at the TFLM that firmware is built against."""


@command.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@json_option
def check(path: Path | None, as_json: bool) -> None:
    """Say what the TFLM at PATH offers: commit, headers, libraries by core.

    PATH is an upstream tree that was built, or a folder with a tflm.toml; by default
    $EDGECOMPRESS_TFLM.
    """
    from edgecompress.firmware.toolchain.tflm import find_tflm

    tflm = find_tflm(path)
    if as_json:
        _print_json(tflm)
    else:
        _print(tflm)
    if tflm.problems:
        raise ToolError(f"{tflm.path}: " + "; ".join(tflm.problems))


def _print_json(tflm: "Tflm") -> None:
    print_json(
        {
            "path": str(tflm.path),
            "commit": tflm.commit,
            "is_known_commit": tflm.is_known_commit,
            "include_dirs": [str(folder) for folder in tflm.include_dirs],
            "defines": list(tflm.defines),
            "libraries": {core: str(path) for core, path in sorted(tflm.libraries.items())},
            "problems": list(tflm.problems),
        }
    )


def _print(tflm: "Tflm") -> None:
    known = "the commit" if tflm.is_known_commit else "not the commit"
    click.echo(f"TFLM at {tflm.path}")
    click.echo(f"commit {tflm.commit or 'unknown'}: {known} that edgecompress measured")
    for folder in tflm.include_dirs:
        click.echo(f"include {folder}")
    for core, library in sorted(tflm.libraries.items()):
        click.echo(f"library for {core}: {library}{_contents(library)}")


def _contents(library: Path) -> str:
    from edgecompress.firmware.toolchain.archive import contents

    if not library.is_file():
        return ""
    found = contents(library)
    kernels = f"{found.kernels} kernels" if found.kernels else "kernels unknown"
    release = "; with assertions and messages, so larger than fit says"
    return f" ({kernels}{release if found.has_assertions else ''})"
