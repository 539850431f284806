"""`edgecompress prune`: remove channels or weights of a Keras model, and train it back."""

from dataclasses import asdict
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
from edgecompress.cli.input.options import OneOf, custom_objects_option, json_option
from edgecompress.cli.output.rows import print_rows
from edgecompress.errors import UsageError
from edgecompress.evaluate.data import data_for

if TYPE_CHECKING:
    from edgecompress.prune.methods import Pruned

_NO_BYTE = (
    "zeros save no byte of flash or RAM and no time by themselves; --method channel does. They "
    "survive int8 quantization, and `pack --flash-budget` encodes them in fewer bytes"
)

_METHODS = ("channel", "magnitude", "threshold", "importance")
_SCORES = ("auto", "l1", "l2", "bn-gamma", "taylor", "activation", "random")


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", help=f"{DATA_HELP} Not needed with --epochs 0 and a score of weights.")
@out_option(".keras")
@click.option(
    "--method", type=OneOf(_METHODS), default="channel", show_default=True,
    help="channel removes whole channels: a smaller, faster model. The others set single weights "
    "to zero: by size, by --threshold, or by effect on the loss. Zeros save no byte and no time on "
    "stock TFLM.",
)  # fmt: skip
@click.option(
    "--rate", type=click.FloatRange(0, 1, max_open=True), default=0.5, show_default=True,
    help="Share of channels or weights to remove; not for --method threshold.",
)  # fmt: skip
@click.option(
    "--threshold", type=click.FloatRange(0), help="--method threshold: |w| up to this becomes zero."
)
@click.option(
    "--score", type=OneOf(_SCORES), default="auto", show_default=True,
    help="What a channel is worth: norm of its weights, batch-norm scale, effect on the loss "
    "(taylor), mean activation, or chance; auto: taylor with --data, else l1.",
)  # fmt: skip
@click.option(
    "--scope", type=OneOf(["layer", "global"]), default="layer", show_default=True,
    help="Whether --rate holds in each layer (group of layers) or over all together.",
)  # fmt: skip
@click.option(
    "--multiple", type=click.IntRange(1), default=4, show_default=True,
    help="Round channel counts to multiples of it, as kernels like them.",
)  # fmt: skip
@click.option(
    "--minimum", type=click.IntRange(1), default=4, show_default=True,
    help="Channels that each layer keeps at least.",
)  # fmt: skip
@click.option(
    "--schedule", type=OneOf(["polynomial", "one-shot"]), default="polynomial",
    show_default=True, help="Single weights: raise the rate during the first half of the epochs, "
    "or start with all zeros.",
)  # fmt: skip
@training_options(learning_rate=1e-3)
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
    epochs: int,
    learning_rate: float,
    batch_size: int,
    pixels: str,
    seed: int,
    force: bool,
    as_json: bool,
    **pruning: Any,
) -> None:
    """Prune channels or weights of a Keras MODEL and write it as OUT.keras."""
    from edgecompress.evaluate.score import evaluate
    from edgecompress.keras_files.model import load_keras, save_keras, set_seed
    from edgecompress.prune.methods import Pruning, prune
    from edgecompress.train.settings import Training

    refuse_existing(out, force=force)
    if data is None and epochs:
        raise UsageError("training needs samples: give --data, or --epochs 0 for surgery alone")
    set_seed(seed)
    settings = Pruning(**pruning, seed=seed)
    training = Training(
        epochs=epochs, learning_rate=learning_rate, batch_size=batch_size, seed=seed
    )
    original = load_keras(model)
    dataset = None if data is None else data_for(original, data, pixels, seed)
    if dataset is None:
        result = prune(original, settings)
    else:
        train, validation, task = dataset.train, dataset.validation, dataset.task
        result = prune(original, settings, train, validation, training, task=task)
    save_keras(result.model, out)
    facts = _facts(result, out, settings.method)
    if dataset is not None and dataset.validation.size and dataset.validation.y is not None:
        for key, judged in (("before", original), ("after", result.model)):
            facts[f"validation_{key}"] = dict(evaluate(judged, dataset.validation, dataset.task))
    if as_json:
        print_json(facts)
    else:
        _show(facts)


def _facts(result: "Pruned", out: Path, method: str) -> dict[str, Any]:
    """Return what was pruned as a JSON document."""
    names = ("before", "after")
    zeros = [{**asdict(kernel), "rate": kernel.rate} for kernel in result.sparsity]
    return {
        "model": str(out),
        "method": method,
        "parameters": dict(zip(names, result.parameters, strict=True)),
        "macs": dict(zip(names, result.macs, strict=True)),
        "groups": [asdict(group) for group in result.groups],
        "sparsity": zeros,
        "note": None if method == "channel" else _NO_BYTE,
    }


def _show(facts: dict[str, Any]) -> None:
    if facts["method"] == "channel":
        print_rows([_group_row(group) for group in facts["groups"]])
    else:
        print_rows(facts["sparsity"])
    saved = {name: (facts[name]["before"], facts[name]["after"]) for name in ("parameters", "macs")}
    print_rows(
        [
            {
                "": name,
                "before": before,
                "after": after,
                "saved": f"{1 - after / (before or 1):.1%}",
            }
            for name, (before, after) in saved.items()
        ]
    )
    measured = [(part, facts.get(f"validation_{part}")) for part in ("before", "after")]
    if any(values for _, values in measured):
        print_rows([{"validation": part, **values} for part, values in measured if values])
    if facts["note"]:
        click.echo(f"note: {facts['note']}", err=True)


def _group_row(group: dict[str, Any]) -> dict[str, Any]:
    return {
        "group": group["name"],
        "layers": len(group["producers"]),
        "channels": group["channels"],
        "kept": group["kept"],
        "parameters": group["parameters"],
        "must stay": group["frozen"],
    }
