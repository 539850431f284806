"""`edgecompress init`: a commented recipe, with what can be found out filled in."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.options import BoardName, json_option
from edgecompress.errors import DataError

if TYPE_CHECKING:
    from edgecompress.cli.start.found import Found


@click.command()
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="edgecompress.toml",
    show_default=True,
    help="File to write. Model and data are looked for in its folder.",
)
@click.option("--model", help="Keras model.  [default: the one in the folder]")
@click.option("--data", help="Data, as of `compress`.  [default: what is in the folder]")
@click.option(
    "--board",
    type=BoardName(),
    help="Board id, or path of a profile.  [default: the one that is connected, or the one profile "
    "in the folder]",
)
@json_option
def command(
    out: Path, model: str | None, data: str | None, board: str | None, as_json: bool
) -> None:
    """Write a commented edgecompress.toml, which `compress` takes when it is given no MODEL.

    Nothing is asked: where there is no model, data or board, or more than one, the line is left for
    you to fill in. Beside it a JSON schema is written, by which editors complete and check it.
    Nothing is overwritten.
    """
    from edgecompress.cli.start.recipe_text import recipe_text
    from edgecompress.cli.start.schema import SCHEMA_FILE, SCHEMA_NAME
    from edgecompress.files import refuse_existing, write_file

    refuse_existing(out.parent, [out.name])
    found = _found(out.parent, model, data, board)
    write_file(out, recipe_text(found))
    schema = out.with_name(SCHEMA_NAME)
    if not schema.exists():
        write_file(schema, SCHEMA_FILE.read_text(encoding="utf-8"))
    if as_json:
        print_json({"file": str(out), **{name: each.value for name, each in found.items()}})
    else:
        _print(out, found)


def _found(
    folder: Path, model: str | None, data: str | None, board: str | None
) -> "dict[str, Found]":
    """Return what the user gave, checked, or else what is there."""
    from edgecompress.board import load_board
    from edgecompress.cli.start.found import Found, find_board, find_data, find_model
    from edgecompress.keras_files.form import model_form
    from edgecompress.recipe import names_function, relative

    if model is not None:
        model_form(Path(model))
    if board is not None:
        load_board(board)
    if data is not None and not names_function(data) and not Path(data.partition("#")[0]).exists():
        raise DataError(f"{data}: no such file or folder")
    given = {"model": model, "board": board, "data": data}
    looks = {"model": find_model, "board": find_board, "data": find_data}
    return {
        name: looks[name](folder) if value is None else Found((relative(value, folder),), "given")
        for name, value in given.items()
    }


def _print(out: Path, found: "dict[str, Found]") -> None:
    click.echo(f"wrote {out}")
    for name, each in found.items():
        if each.value is None:
            several = f"; there are {', '.join(each.choices)}" if each.choices else ""
            click.echo(f"  {name}: to be filled in{several}")
        else:
            click.echo(f"  {name}: {each.value}{f', {each.how}' if each.how else ''}")
    is_whole = all(each.value is not None for each in found.values())
    folder = "" if out.parent == Path() else f"in {out.parent}: "
    click.echo(f"next, {folder}{'' if is_whole else 'when they are there: '}edgecompress compress")
