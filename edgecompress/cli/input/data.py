"""The options by which commands take data and models."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from edgecompress.cli.input.options import OneOf
from edgecompress.dataset import Dataset, Split, Task
from edgecompress.errors import OutputExistsError
from edgecompress.evaluate.pixels import PIXEL_RANGES
from edgecompress.tflite.interpreter import RUNTIMES

_log = logging.getLogger(__name__)

Command = TypeVar("Command", bound=Callable[..., Any])

DATA_HELP = (
    ".npz with x_train, y_train, x_test, y_test (or x, y); folder of images; .csv (FILE#COLUMN "
    "names the label column); or package.module:function. For several inputs or outputs: an "
    "array for each, named for its layer, as image_train, sensor_train, class_train."
)
data_option = click.option("--data", required=True, help=DATA_HELP)
optional_data_option = click.option("--data", help=f"{DATA_HELP} Without it, nothing is measured.")
pixels_option = click.option(
    "--pixels",
    type=OneOf(PIXEL_RANGES),
    default="auto",
    show_default=True,
    help="Range the model takes pixels of images in; auto: where it does best on training images.",
)
seed_option = click.option(
    "--seed", default=0, show_default=True, help="Of every random choice, and of the data's split."
)
force_option = click.option("--force", is_flag=True, help="Overwrite the output file.")
runtime_option = click.option(
    "--runtime",
    type=OneOf(RUNTIMES),
    default="tflm",
    show_default=True,
    help="What runs a .tflite: TFLM, whose outputs are the device's, or a TFLite runtime on its "
    "reference kernels; auto: the first of those that works.",
)


def out_option(suffix: str) -> Callable[[Command], Command]:
    """Return the option for a command's output file."""
    return click.option(
        "-o",
        "--out",
        type=click.Path(dir_okay=False, path_type=Path),
        required=True,
        help=f"File to write, {suffix}.",
    )


def training_options(learning_rate: float) -> Callable[[Command], Command]:
    """Return options of the training that follows surgery: epochs, rate at the start, batch."""
    options = (
        click.option(
            "--epochs", type=click.IntRange(0), default=5, show_default=True,
            help="Epochs of training afterwards, with the original model as teacher; 0 for none.",
        ),
        click.option(
            "--learning-rate", type=click.FloatRange(0, min_open=True), default=learning_rate,
            show_default=True, help="At the start; falls to zero.",
        ),
        click.option(
            "--batch-size", type=click.IntRange(1), default=64, show_default=True,
            help="Samples a step.",
        ),
    )  # fmt: skip

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def metrics_of(models: Mapping[str, Any], split: Split, task: Task) -> dict[str, Any]:
    """Return each model's metrics by name; none where the split has no samples or no labels."""
    from edgecompress.evaluate.score import evaluate

    if not split.size or (split.y is None and task != "reconstruction"):
        return {}
    return {name: dict(evaluate(model, split, task)) for name, model in models.items()}


def warn_of_guessing(model: Any, dataset: Dataset) -> None:
    """Say before any work if the float model (a keras.Model) is no better than guessing."""
    from edgecompress.evaluate.guessing import guessing

    known = dataset.validation if dataset.validation.size else dataset.train
    guess = guessing(model, known, dataset.task)
    if guess is not None:
        _log.warning("warning: %s", guess)


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise OutputExistsError if `path` is there already: before the work, not after it."""
    if path.exists() and not force:
        raise OutputExistsError(f"{path} exists; give another file with -o, or --force")
