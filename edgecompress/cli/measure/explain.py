"""`edgecompress explain`: do models look at the same evidence."""

from collections.abc import Sequence
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
from edgecompress.errors import UsageError
from edgecompress.evaluate.data import load_with_data


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@data_option
@click.option(
    "--samples",
    type=click.IntRange(2),
    default=16,
    show_default=True,
    help="Test samples that have occlusion maps, spread over the classes. Each takes up to 65 "
    "inferences of each model.",
)
@pixels_option
@runtime_option
@seed_option
@custom_objects_option
@json_option
def command(
    *,
    models: tuple[Path, ...],
    data: str,
    samples: int,
    pixels: str,
    runtime: Any,
    seed: int,
    as_json: bool,
) -> None:
    """Say whether MODELS, Keras or .tflite, look at the same evidence as the first of them.

    Parts of test samples are covered with the mean of the training samples, in up to 64 places:
    patches of images, windows of time, features. How much less sure a model becomes of the class
    that the first one answers is its occlusion map. Maps are compared by Spearman's rank
    correlation, and by how many of the most telling tenth of the places are the same.

    A model looks elsewhere where the mean rank correlation is surely (95 %) below the threshold,
    halfway between what maps of different samples of the first model come to and 1.

    Also shown: how often models answer as the first, class by class, and the expected calibration
    error of their confidence (10 bins).
    """
    from edgecompress.explain.run import explain

    if len(models) < 2:  # noqa: PLR2004 - the original and another
        raise UsageError("explain compares models: name the original first, then another")
    loaded, dataset = load_with_data(models, data, pixels, seed)
    names = list(map(str, models)) if as_json else _short(models)
    document = explain(loaded, dataset, names=names, samples=samples, seed=seed, runtime=runtime)
    if as_json:
        print_json({"task": str(dataset.task), "seed": seed, **document})
        return
    from edgecompress.cli.output.explain import print_explained

    print_explained(document)


def _short(models: Sequence[Path]) -> list[str]:
    """Return what people tell models apart by: names of files, unless two are the same."""
    names = [path.name for path in models]
    return names if len(set(names)) == len(names) else list(map(str, models))
