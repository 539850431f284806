"""Memory plans for people: plain text, in a pipe too."""

import shutil
from collections.abc import Sequence

import click

from edgecompress.pack.picture import Picture, drawn


def print_pictures(pictures: Sequence[Picture]) -> None:
    """Print plans one below the other, in the same scale."""
    tallest_bytes = max(picture.head_bytes for picture in pictures)
    width = shutil.get_terminal_size((100, 24)).columns
    for picture in pictures:
        for line in drawn(picture, tallest_bytes, width):
            click.echo(line)
        click.echo()
