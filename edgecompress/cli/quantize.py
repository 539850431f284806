"""`edgecompress quantize`: a Keras model to a full-integer .tflite."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from edgecompress.cli import print_json
from edgecompress.cli.data import (
    data_for,
    data_option,
    force_option,
    metrics_of,
    out_option,
    pixels_option,
    refuse_existing,
    seed_option,
)
from edgecompress.cli.options import json_option
from edgecompress.cli.tables import print_rows
from edgecompress.dataset import Dataset
from edgecompress.errors import UsageError


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@data_option
@out_option(".tflite")
@click.option(
    "--scheme",
    type=click.Choice(["int8", "int16x8", "pow2"]),
    default="int8",
    show_default=True,
    help="int8; int16x8: int16 activations, int8 weights; pow2: int8, all scales powers of two.",
)
@click.option(
    "--calibration",
    "method",
    type=click.Choice(["minmax", "percentile", "mse"]),
    default="minmax",
    show_default=True,
    help="How activation ranges are chosen: all values; but one in 10,000 at each end; or the "
    "least mean squared error.",
)
@click.option(
    "--calibration-samples",
    "samples",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Training samples that set the activation ranges.",
)
@click.option(
    "--per-channel-dense",
    is_flag=True,
    help="A weight scale for each unit of a dense layer: finer, for 8 to 16 bytes a unit.",
)
@click.option(
    "--qat",
    "aware",
    is_flag=True,
    help="Train the model for int8 first, with itself in float as the teacher.",
)
@click.option(
    "--epochs", type=click.IntRange(1), default=5, show_default=True, help="Of --qat, at most."
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    default=1e-3,
    show_default=True,
    help="Of --qat at its start, relative to the size of each weight tensor.",
)
@pixels_option
@seed_option
@force_option
@json_option
def command(
    *,
    model: Path,
    data: str,
    out: Path,
    pixels: str,
    force: bool,
    as_json: bool,
    seed: int,
    aware: bool,
    epochs: int,
    learning_rate: float,
    **choices: Any,
) -> None:
    """Quantize a Keras MODEL: integer input and output, a batch of one.

    Shows what quantization does to each layer (signal-to-noise ratio, cosine, share of values
    clipped) and, where the data has labels, the metrics before and after on its validation part.
    """
    from edgecompress.compression.qat import quantize_aware
    from edgecompress.compression.quantize import quantize
    from edgecompress.compression.training import Training
    from edgecompress.files import write_file
    from edgecompress.keras_model import load_keras, set_seed

    refuse_existing(out, force=force)
    if aware and (choices["scheme"] != "int8" or choices["per_channel_dense"]):
        raise UsageError("--qat trains for the int8 scheme with one scale per dense layer only")
    set_seed(seed)
    network = load_keras(model)
    dataset = data_for(network, data, pixels, seed)
    if aware:
        aware_model = quantize_aware(
            network,
            dataset.train,
            dataset.validation,
            Training(epochs=epochs, learning_rate=learning_rate, seed=seed),
            method=choices["method"],
            samples=choices["samples"],
            task=dataset.task,
        )
        quantized, exact = aware_model.tflite, aware_model.model
    else:
        exact = network
        quantized = quantize(network, dataset.train.x, seed=seed, **choices)
    write_file(out, quantized)
    facts = {"model": str(out), "bytes": len(quantized), **choices, "qat": aware, "seed": seed}
    models = {"float": network, choices["scheme"]: quantized}
    facts["validation"] = metrics_of(models, dataset.validation, dataset.task)
    _show(facts | _layers(exact, quantized, dataset), as_json=as_json)


def _layers(exact: Any, quantized: bytes, dataset: Dataset) -> dict[str, Any]:
    """Return the error of each layer against the same weights in float, and the worst layer."""
    from edgecompress.compression.layer_errors import layer_errors, worst_layer

    errors = layer_errors(exact, quantized, dataset.train.x)
    worst = worst_layer(errors)
    return {
        "layers": [{**asdict(error), "snr_db": _finite(error.snr_db)} for error in errors],
        "worst_layer": worst.layer if worst else None,
    }


def _show(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    print_rows(facts["layers"])
    if facts["validation"]:
        print_rows([{"validation": name, **row} for name, row in facts["validation"].items()])
    click.echo(f"{facts['model']}: {facts['bytes']:,} bytes")


def _finite(value: float) -> float | None:
    """JSON knows no infinity: a layer without any error has no ratio."""
    return value if math.isfinite(value) else None
