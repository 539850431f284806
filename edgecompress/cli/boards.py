"""`edgecompress boards`: list, show and validate board profiles."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from edgecompress.board import Board, Region, all_boards, load_board, read_profile
from edgecompress.cli import print_json
from edgecompress.cli.input.options import BoardName, boards_dir_option, json_option
from edgecompress.errors import BoardError


@click.group(invoke_without_command=True)
@boards_dir_option
@json_option
@click.pass_context
def command(ctx: click.Context, boards_dir: Path | None, as_json: bool) -> None:
    """List, show and validate board profiles; alone, it lists them."""
    if ctx.invoked_subcommand is None:
        _list(all_boards(boards_dir), as_json=as_json)
    ctx.obj = (boards_dir, as_json)


@command.command(name="list")
@boards_dir_option
@json_option
@click.pass_obj
def list_boards(outer: tuple[Path | None, bool], boards_dir: Path | None, as_json: bool) -> None:
    """List every board: core, kernel library, clock, flash and RAM in bytes."""
    _list(all_boards(boards_dir or outer[0]), as_json=as_json or outer[1])


@command.command()
@click.argument("board", type=BoardName())
@boards_dir_option
@json_option
@click.pass_obj
def show(
    outer: tuple[Path | None, bool], board: str, boards_dir: Path | None, as_json: bool
) -> None:
    """Show one BOARD: its regions, frameworks, and the source of each number."""
    profile = load_board(board, boards_dir or outer[0])
    if as_json or outer[1]:
        print_json(_profile(profile))
    else:
        _print_profile(profile)


@command.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def validate(outer: tuple[Path | None, bool], files: tuple[Path, ...], as_json: bool) -> None:
    """Check profile FILES; every broken rule is named with its file and key."""
    broken = {str(path): _problems(path) for path in files}
    if as_json or outer[1]:
        rows = [
            {"file": file, "valid": not problems, "problems": problems}
            for file, problems in broken.items()
        ]
        print_json({"files": rows})
    for file, problems in broken.items():
        click.echo("\n".join(problems) or f"{file}: valid", err=True)
    if any(broken.values()):
        raise BoardError(f"{sum(map(bool, broken.values()))} of {len(files)} profiles are invalid")


def _problems(path: Path) -> list[str]:
    try:
        read_profile(path)
    except BoardError as error:
        return str(error).splitlines()
    return []


def _list(boards: Sequence[Board], *, as_json: bool) -> None:
    if as_json:
        print_json({"boards": [_row(board) for board in boards]})
    else:
        _print_list(boards)


def _row(board: Board) -> dict[str, Any]:
    return {
        "id": board.id,
        "name": board.name,
        "mcu": board.mcu,
        "core": board.core,
        "kernels": board.kernels,
        "clock_hz": board.clock_hz,
        "flash_bytes": board.flash_bytes,
        "ram_bytes": board.ram_bytes,
        "frameworks": list(board.frameworks),
    }


def _profile(board: Board) -> dict[str, Any]:
    return {
        **_row(board),
        "frameworks": {name: dict(table) for name, table in board.frameworks.items()},
        "flash": [_region(region) for region in board.flash],
        "ram": [_region(region) for region in board.ram],
        "reserve_ram_bytes": board.reserve_ram_bytes,
        "reserve_flash_bytes": board.reserve_flash_bytes,
        "sources": dict(board.sources),
    }


def _region(region: Region) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(region), "available_bytes": region.available_bytes}


def _print_list(boards: Sequence[Board]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    for heading in ("board", "core", "kernels"):
        table.add_column(heading, no_wrap=True)
    for heading in ("MHz", "flash KiB", "RAM KiB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for board in boards:
        table.add_row(
            board.id, board.core, board.kernels, f"{board.clock_hz / 1e6:g}",
            f"{board.flash_bytes / 1024:.1f}", f"{board.ram_bytes / 1024:.1f}",
        )  # fmt: skip
    Console().print(table)


def _print_profile(board: Board) -> None:
    from rich.console import Console
    from rich.table import Table

    from edgecompress.memory.verdict.room import kept_room

    table = Table("memory", "address", box=None)
    for heading in ("size", "reserved", "available"):
        table.add_column(heading, justify="right")
    table.add_column("reserved for")
    for kind, regions in (("flash", board.flash), ("RAM", board.ram)):
        for region in regions:
            table.add_row(
                f"{kind}: {region.name}", f"0x{region.address:08X}", f"{region.size_bytes:,}",
                f"{region.reserved_bytes:,}", f"{region.available_bytes:,}", region.reserved_for,
            )  # fmt: skip
    console = Console(highlight=False)
    console.print(f"[bold]{board.name}[/bold] ({board.id}): {board.mcu}, {board.core}, ")
    console.print(f"{board.clock_hz / 1e6:g} MHz, {board.kernels} kernels; memory in bytes")
    console.print(table)
    for region in board.ram:
        if region.cost:
            console.print(f"an arena in {region.name}: {region.cost}", markup=False)
    for text in kept_room(board):
        console.print(text, markup=False)
    for name, entries in board.frameworks.items():
        console.print(f"{name}: {', '.join(entries.values()) or 'yes'}", markup=False)
    for name, source in board.sources.items():
        console.print(f"source of {name}: {source}", markup=False, style="dim")
