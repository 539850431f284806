"""The command line: options in, results out, errors to exit codes.

Each command is a module of this package, imported only when it is asked for, so that `--help`
and `fit` answer at once.
"""

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from edgecompress.errors import EdgecompressError, did_you_mean

# Command -> (module, what `--help` of the group says of it).
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("start.init", "Write a commented recipe for compress, with what is found filled in."),
    "compress": ("compress", "Prune, distil and quantize a model until it fits a board."),
    "fit": ("fit", "Say whether a model fits a board, before flashing."),
    "check": ("fit", "The same as fit."),
    "generate": ("generate", "Write firmware sources for a .tflite model."),
    "build": ("build", "Cross-compile generated firmware against your TFLM."),
    "emulate": ("emulate", "Run built firmware in QEMU and check its outputs."),
    "tflm": ("tflm", "Say what a folder of TFLM offers."),
    "boards": ("boards", "List, show and validate board profiles."),
    "inspect": ("inspect", "Show a model's operators, shapes and memory."),
    "prune": ("prune", "Prune channels or weights of a Keras model."),
    "separate": ("separate", "Replace convolutions by depthwise-separable ones."),
    "distill": ("distill", "Train a student model from a teacher."),
    "quantize": ("quantize", "Quantize a Keras model, or a float .tflite, to integers."),
    "pack": ("pack", "Take less RAM and flash for a .tflite, with equal outputs."),
    "evaluate": ("measure.evaluate", "Measure models on data, side by side."),
    "compare": ("measure.compare", "Size, arena, MACs and accuracy of models, side by side."),
    "explain": ("measure.explain", "Say whether models look at the same evidence."),
    "report": ("report", "Rebuild the HTML report of a compress run."),
    "verify": ("verify", "Say whether a written folder still holds what it says."),
    "doctor": ("start.doctor", "Say what of the tool chain is there, and how to get the rest."),
    "demo": ("demo", "Run the main job on data that ships with a dependency."),
}


_ANYWHERE = ("--debug", "-q", "--quiet", "-v", "--verbose")


class LazyGroup(click.Group):
    """A group that imports a command's module when that command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of a user's work, not of the alphabet."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None if there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"edgecompress.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for, or say which may have been meant."""
        if args[0] not in COMMANDS and args[0][:1] != "-":
            meant = did_you_mean(args[0], COMMANDS)
            raise click.UsageError(f"No such command {args[0]!r}{meant or '.'}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands without importing them."""
        found = [
            (name, text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)
        ]
        commands = [CompletionItem(name, help=text) for name, text in found]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="edgecompress")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but results, warnings and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Say each thing that is done.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def app(quiet: bool, verbose: bool, debug: bool) -> None:
    """Fit a trained Keras model onto a microcontroller board.

    BOARD is a board's id (see `edgecompress boards`) or the path of a profile. -q, -v and --debug
    may stand anywhere on the line.
    """
    del quiet, verbose, debug  # read by main(), so that they may


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with the contract's exit code."""
    from edgecompress.cli.output.progress import messages
    from edgecompress.cli.signals import ending_on_signals
    from edgecompress.cli.temporary import temporary_files_together

    words = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in words or bool(os.environ.get("EDGECOMPRESS_DEBUG"))
    verbosity = _verbosity(words)
    words = [word for word in words if word not in _ANYWHERE]
    try:
        with (
            ending_on_signals(),
            temporary_files_together(),
            messages(f"edgecompress {' '.join(words[:1])}", verbosity),
        ):
            app(words, prog_name="edgecompress")
    except EdgecompressError as error:
        _leave(error, error.exit_code, debug=debug)
    except Exception as error:  # noqa: BLE001 - the last line of defence against a traceback
        from edgecompress.refused import of_the_system

        told = of_the_system(error) or _unexpected(error)
        told.__cause__ = error
        _leave(told, told.exit_code, debug=debug)


def _verbosity(words: list[str]) -> int:
    """Return what -q and -v ask for, wherever on the line they stand."""
    from edgecompress.cli.output.progress import NORMAL, QUIET, VERBOSE

    if {"-q", "--quiet"} & set(words):
        return QUIET
    return VERBOSE if {"-v", "--verbose"} & set(words) else NORMAL


def _leave(error: Exception, code: int, *, debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exception(error)
    click.echo(f"edgecompress: {error}", err=True)
    sys.exit(code)


def _unexpected(error: Exception) -> EdgecompressError:
    return EdgecompressError(
        f"unexpected {type(error).__name__}: {error}. This is a defect of edgecompress: "
        "please report it with the output of the same command with --debug"
    )


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document to stdout."""
    import json

    click.echo(json.dumps(document, indent=2))
