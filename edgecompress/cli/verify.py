"""`edgecompress verify`: does what a folder says of itself still hold."""

from dataclasses import asdict
from pathlib import Path

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.options import json_option
from edgecompress.errors import EdgecompressError

_MARKS = {True: "holds  ", False: "CHANGED", None: "-      "}


class ChangedError(EdgecompressError):
    """Something no longer holds; the exit code is that of what it is."""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--model",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="The .tflite of firmware that does not hold it: that of the C runtime.",
)
@json_option
def command(folder: Path, model: Path | None, as_json: bool) -> None:
    """Look again at what `compress` or `generate` wrote to DIR.

    Hashes of files, model and data; golden vectors in TFLM's interpreter; firmware of cmake and
    host in emulation, where the tools are there; fit; accuracy, where the data is there. Ends with
    0 if all that could be looked at holds; with 2 if a file has changed, 3 if outputs differ, 4 for
    accuracy, 5 for memory.
    """
    from edgecompress.verify.check import EXIT_CODES, failed
    from edgecompress.verify.run import verify

    result = verify(folder, model)
    if as_json:
        checks = [asdict(check) for check in result.checks]
        print_json({"folder": str(folder), "holds": result.holds, "checks": checks})
    else:
        for check in result.checks:
            click.echo(f"{_MARKS[check.holds]} {check.kind}: {check.detail}")
    wrong = list(failed(result.checks))
    if wrong:
        error = ChangedError("\n".join(f"{check.kind}: {check.detail}" for check in wrong))
        error.exit_code = EXIT_CODES[wrong[0].kind]
        raise error
