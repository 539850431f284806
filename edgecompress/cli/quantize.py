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
    out_option,
    pixels_option,
    refuse_existing,
    seed_option,
)
from edgecompress.cli.options import json_option
from edgecompress.cli.tables import print_rows


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
    help="A weight scale for each unit of a dense layer: finer, for up to 12 bytes a unit.",
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
    **choices: Any,
) -> None:
    """Quantize a Keras MODEL: integer input and output, a batch of one.

    Shows what quantization does to each layer (signal-to-noise ratio, cosine, share of values
    clipped) and, where the data has labels, the metrics before and after on its validation part.
    """
    from edgecompress.compress.layer_errors import layer_errors, worst_layer
    from edgecompress.compress.quantize import quantize
    from edgecompress.evaluate import evaluate
    from edgecompress.files import write_file
    from edgecompress.keras_model import load_keras

    refuse_existing(out, force=force)
    network = load_keras(model)
    dataset = data_for(network, data, pixels, seed)
    quantized = quantize(network, dataset.train.x, seed=seed, **choices)
    write_file(out, quantized)
    errors = layer_errors(network, quantized, dataset.train.x, seed=seed)
    rows = [{**asdict(error), "snr_db": _finite(error.snr_db)} for error in errors]
    worst = worst_layer(errors)
    validation = dataset.validation
    measured = {}
    if validation.size and (validation.y is not None or dataset.task == "reconstruction"):
        measured = {
            "float": dict(evaluate(network, validation, dataset.task)),
            choices["scheme"]: dict(evaluate(quantized, validation, dataset.task)),
        }
    if as_json:
        print_json(
            {
                "model": str(out),
                "bytes": len(quantized),
                **choices,
                "seed": seed,
                "validation": measured,
                "layers": rows,
                "worst_layer": worst.layer if worst else None,
            }
        )
        return
    print_rows(rows)
    if measured:
        print_rows([{"validation": name, **values} for name, values in measured.items()])
    click.echo(f"{out}: {len(quantized):,} bytes")


def _finite(value: float) -> float | None:
    """JSON knows no infinity: a layer without any error has no ratio."""
    return value if math.isfinite(value) else None
