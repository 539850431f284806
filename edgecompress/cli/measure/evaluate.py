"""`edgecompress evaluate`: how well models do their task, side by side."""

from pathlib import Path
from typing import Any

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.data import (
    data_option,
    pixels_option,
    runtime_option,
    seed_option,
)
from edgecompress.cli.input.options import custom_objects_option, json_option
from edgecompress.cli.output.rows import print_rows
from edgecompress.evaluate.data import load_with_data


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@data_option
@pixels_option
@runtime_option
@seed_option
@custom_objects_option
@json_option
def command(
    *, models: tuple[Path, ...], data: str, pixels: str, runtime: Any, seed: int, as_json: bool
) -> None:
    """Measure MODELS, Keras or .tflite, on the test part of the data.

    Classes: accuracy, balanced accuracy, macro F1. Regression and reconstruction: mean squared
    and mean absolute error, R2; ROC AUC where labels tell anomalies. Of several outputs, those of
    each ("class/accuracy"), and fitness, their weighted mean.
    """
    from edgecompress.evaluate.score import evaluate

    loaded, dataset = load_with_data(models, data, pixels, seed)
    test = dataset.test.open("evaluate")
    rows = [
        {"model": str(path), **evaluate(model, test, dataset.task, runtime=runtime)}
        for path, model in zip(models, loaded, strict=True)
    ]
    if as_json:
        print_json({"task": str(dataset.task), "samples": test.size, "models": rows})
    else:
        print_rows(rows)
