"""Options that several commands share."""

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
tflm_option = click.option(
    "--tflm",
    type=click.Path(path_type=Path),
    envvar="EDGECOMPRESS_TFLM",
    show_envvar=True,
    help="Your TFLM: an upstream tree that was built, or a folder with a tflm.toml.",
)
