"""Options that several commands share."""

from functools import partial
from pathlib import Path

import click

boards_dir_option = click.option(
    "--boards-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="EDGECOMPRESS_BOARDS",
    show_envvar=True,
    help="Folder of your own board profiles, besides those that come with edgecompress.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout."
)


def _use_custom_objects(context: click.Context, option: click.Parameter, name: str | None) -> None:
    del context, option
    if name:
        from edgecompress.keras_files.custom_objects import use_custom_objects

        use_custom_objects(name)


_custom_objects = partial(
    click.option,
    "--custom-objects",
    metavar="PACKAGE.MODULE",
    help="Module that defines layers and functions of your own that a Keras model uses; looked for "
    "in the current folder and among installed packages.",
)
custom_objects_option = _custom_objects(callback=_use_custom_objects, expose_value=False)
custom_objects_choice = _custom_objects()  # of a recipe
tflm_option = click.option(
    "--tflm",
    type=click.Path(path_type=Path),
    envvar="EDGECOMPRESS_TFLM",
    show_envvar=True,
    help="Your TFLM: an upstream tree that was built, or a folder with a tflm.toml.",
)
