"""`edgecompress distill`: a small student learns what a large teacher answers."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.data import (
    data_option,
    force_option,
    metrics_of,
    out_option,
    pixels_option,
    refuse_existing,
    seed_option,
)
from edgecompress.cli.input.options import OneOf, custom_objects_option, json_option
from edgecompress.cli.output.rows import print_rows
from edgecompress.evaluate.data import data_for

if TYPE_CHECKING:
    from edgecompress.train.distill import Residual

_LOOKED_AT = 256  # training samples by which it is found which layers matter least


@click.command()
@click.argument("teacher", type=click.Path(path_type=Path))
@click.option(
    "--student",
    required=True,
    help="Keras model to train, or auto: the teacher with a share of its channels (--width) and "
    "of its repeated layers (--depth).",
)
@data_option
@out_option(".keras")
@click.option(
    "--width",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Share of the teacher's channels that `--student auto` keeps.",
)
@click.option(
    "--depth",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="Share of the teacher's repeated layers and residual blocks (what leaves them has the "
    "shape of what enters) that `--student auto` keeps; those that matter least go.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(0, min_open=True),
    default=4.0,
    show_default=True,
    help="Softens the teacher's class probabilities; 1 leaves them.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1),
    default=0.7,
    show_default=True,
    help="Share of the teacher in the loss; the rest is the labels'.",
)
@click.option("--epochs", type=click.IntRange(0), default=20, show_default=True, help="At most.")
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    default=1e-3,
    show_default=True,
    help="At the start; it falls to zero over the epochs.",
)
@click.option(
    "--batch-size", type=click.IntRange(1), default=64, show_default=True, help="Samples a step."
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    help="Epochs without a better validation metric before training stops.  [default: never]",
)
@click.option(
    "--augmentation",
    type=OneOf(["none", "shift", "shift+flip"]),
    default="none",
    show_default=True,
    help="Random changes of the training images.",
)
@pixels_option
@seed_option
@force_option
@custom_objects_option
@json_option
def command(
    *,
    teacher: Path,
    student: str,
    data: str,
    out: Path,
    width: float,
    depth: float,
    pixels: str,
    force: bool,
    as_json: bool,
    **training: object,
) -> None:
    """Train a student on the data's labels and on TEACHER's answers.

    The best epoch on the validation part is kept. What the student still lacks is shown class by
    class, measured on the validation part; the test part stays unused.
    """
    from edgecompress.keras_files.model import load_keras, save_keras, set_seed
    from edgecompress.prune.student import derive_student
    from edgecompress.train.distill import distill, residuals
    from edgecompress.train.settings import Training

    refuse_existing(out, force=force)
    settings = Training(**training)  # type: ignore[arg-type] # Click checked the types
    set_seed(settings.seed)
    taught = load_keras(teacher)
    dataset = data_for(taught, data, pixels, settings.seed)
    if student == "auto":
        x = dataset.train.sample(_LOOKED_AT, settings.seed).x
        learner = derive_student(taught, width, depth, x)
    else:
        learner = load_keras(Path(student))
    task, validation = dataset.task, dataset.validation
    learner = distill(taught, learner, dataset.train, validation, settings, task=task)
    save_keras(learner, out)
    if not validation.size:
        validation = dataset.train
    lacks = residuals(taught, learner, validation, task, len(dataset.labels))
    facts = {
        "student": str(out),
        "parameters": learner.count_params(),
        "teacher_parameters": taught.count_params(),
        "validation": metrics_of({"teacher": taught, "student": learner}, validation, task),
        "residuals": [_named(row, dataset.labels) for row in lacks],
    }
    if as_json:
        print_json(facts)
    else:
        print_rows([{**row, "label": row["label"] or "all"} for row in facts["residuals"]])


def _named(row: "Residual", labels: Sequence[str]) -> dict[str, Any]:
    return {**asdict(row), "label": None if row.label is None else labels[row.label]}
