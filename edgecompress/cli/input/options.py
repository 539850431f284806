"""Options that several commands share."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from edgecompress.errors import did_you_mean
from edgecompress.firmware.sources.frameworks import FRAMEWORKS

Command = TypeVar("Command", bound=Callable[..., Any])


class OneOf(click.Choice[Any]):
    """A choice that says what a mistyped value may have meant."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return the message, with all values and those that are close."""
        said = super().get_invalid_choice_message(value, ctx)
        return said.removesuffix(".") + (did_you_mean(str(value), map(str, self.choices)) or ".")


class BoardName(click.ParamType[str]):
    """A board's id, which shells complete, or the path of a profile."""

    name = "board"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the ids that begin so; where none does, let the shell look for a file."""
        del param
        from edgecompress.board import all_boards

        known = all_boards(ctx.params.get("boards_dir"))
        found = [CompletionItem(b.id, help=b.name) for b in known if b.id.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


def framework_option(help_text: str) -> Callable[[Command], Command]:
    """Return the option for the build system that firmware is written for."""
    return click.option("--framework", type=OneOf(FRAMEWORKS), help=help_text)


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
