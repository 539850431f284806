"""`edgecompress doctor`: what of the tool chain is there, and how to get the rest."""

from itertools import groupby
from typing import TYPE_CHECKING

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.options import json_option
from edgecompress.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecompress.firmware.toolchain.doctor.part import Part


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Say what of the tool chain is on this machine, and how to get the rest.

    Python and its packages, interpreters (each runs a tiny model), compilers, QEMU, the tools of
    ecosystems, and TFLM: version and place, or what it is needed for and how it is had. Ends with 6
    if something is missing that the main commands cannot do without; compilers are for `build` and
    `emulate` alone.
    """
    from edgecompress.firmware.toolchain.doctor.examine import examine

    parts = examine()
    missing = [part for part in parts if part.is_required and not part.is_usable]
    if as_json:
        print_json({"ready": not missing, "parts": [_facts(part) for part in parts]})
    else:
        _print(parts)
    if missing:
        lines = (f"{part.name}: {part.problem or 'not found'}; {part.get}" for part in missing)
        raise ToolError("\n".join(("what the main commands need is missing:", *lines)))


def _facts(part: "Part") -> dict[str, object]:
    return {
        "group": part.group,
        "name": part.name,
        "found": bool(part.where),
        "usable": part.is_usable,
        "required": part.is_required,
        "version": part.version,
        "where": part.where,
        "problem": part.problem,
        "needed_for": part.needed_for,
        "get": part.get,
    }


def _print(parts: "Sequence[Part]") -> None:
    width = max(len(part.name) for part in parts)
    for group, members in groupby(parts, lambda part: part.group):
        click.echo(group)
        for part in members:
            click.echo(f"  {_mark(part)} {part.name:{width}}  {_found(part)}")
            if not part.is_usable:
                click.echo(f"    {'':{width}}  for {part.needed_for}")
                click.echo(f"    {'':{width}}  {part.get}")


def _mark(part: "Part") -> str:
    if part.is_usable:
        return "+"
    return "!" if part.is_required or part.problem else "-"


def _found(part: "Part") -> str:
    if part.problem:
        return f"{part.version} {part.where}: {part.problem}".strip()
    return f"{part.version or 'version unknown'}  {part.where}" if part.where else "not found"
