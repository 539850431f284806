"""`edgecompress separate`: convolutions in two parts, depthwise and pointwise, and training."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.data import (
    DATA_HELP,
    force_option,
    out_option,
    pixels_option,
    refuse_existing,
    seed_option,
    training_options,
)
from edgecompress.cli.input.options import custom_objects_option, json_option
from edgecompress.cli.output.rows import print_rows
from edgecompress.errors import UsageError
from edgecompress.evaluate.data import data_for

if TYPE_CHECKING:
    from edgecompress.dataset import Dataset


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", help=f"{DATA_HELP} Not needed with --epochs 0.")
@out_option(".keras")
@click.option(
    "--rank", type=click.IntRange(1), default=1, show_default=True,
    help="Outputs of the depthwise part for each input channel: more is closer, and larger.",
)  # fmt: skip
@click.option(
    "--layer", "layers", multiple=True,
    help="Name of a convolution to separate; may be repeated.  [default: all that get smaller]",
)  # fmt: skip
@training_options(learning_rate=3e-3)
@pixels_option
@seed_option
@force_option
@custom_objects_option
@json_option
def command(
    *,
    model: Path,
    data: str | None,
    out: Path,
    rank: int,
    layers: tuple[str, ...],
    epochs: int,
    learning_rate: float,
    batch_size: int,
    pixels: str,
    seed: int,
    force: bool,
    as_json: bool,
) -> None:
    """Replace convolutions of a Keras MODEL by depthwise-separable ones; write it as OUT.keras."""
    from edgecompress.graph.macs import count_macs
    from edgecompress.graph.separate import separable, separate
    from edgecompress.keras_files.model import load_keras, save_keras, set_seed
    from edgecompress.train.fine_tune import Training, finetune

    refuse_existing(out, force=force)
    if data is None and epochs:
        raise UsageError("training needs samples: give --data, or --epochs 0 for surgery alone")
    set_seed(seed)
    original = load_keras(model)
    found = {each.path: each for each in separable(original)}
    ranks = dict.fromkeys(layers or found, rank)
    separated = separate(original, ranks)
    dataset = None if data is None else data_for(original, data, pixels, seed)
    if dataset is not None and epochs:
        settings = Training(
            epochs=epochs, learning_rate=learning_rate, batch_size=batch_size, alpha=0.3, seed=seed
        )
        train, validation, task = dataset.train, dataset.validation, dataset.task
        separated = finetune(separated, train, validation, settings, teacher=original, task=task)
    save_keras(separated, out)
    rows = [
        {"": name, "parameters": each.count_params(), "multiply-accumulates": count_macs(each)}
        | _validation(each, dataset)
        for name, each in (("before", original), ("after", separated))
    ]
    parts = [_part(found[path], rank) for path in ranks]
    if as_json:
        print_json({"model": str(out), "separated": parts, "rows": rows})
    else:
        print_rows(parts)
        print_rows(rows)


def _part(convolution: Any, rank: int) -> dict[str, Any]:
    lost = convolution.lost[min(rank, len(convolution.lost)) - 1]
    return {"layer": convolution.path, "rank": rank, "lost": lost}


def _validation(model: Any, dataset: "Dataset | None") -> dict[str, float]:
    """Return the model's metrics on the validation split, if there is one with labels."""
    from edgecompress.evaluate.score import evaluate

    if dataset is None or not dataset.validation.size or dataset.validation.y is None:
        return {}
    return dict(evaluate(model, dataset.validation, dataset.task))
