"""`edgecompress report`: the HTML page of a run, anew."""

from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Rebuild report.html from the report.json that `compress` left in DIR."""
    from edgecompress.report.html import rebuild_report

    click.echo(rebuild_report(folder))
