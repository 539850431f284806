"""`edgecompress quantize`: a Keras model to a full-integer .tflite."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
from edgecompress.recipe import WEIGHT_BITS
from edgecompress.tflite.summary import normalization_in_words, normalized_inputs_of


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
    "--equalize",
    is_flag=True,
    help="Scale channels to like ranges first (cross-layer equalization): the float model stays "
    "the same.",
)
@click.option(
    "--bias-correction",
    is_flag=True,
    help="Take back what rounded weights shift each layer's mean output by.",
)
@click.option(
    "--remedy",
    is_flag=True,
    help="Choose calibration, bias correction and equalization: the simplest that keeps the "
    "outputs nearest to the float model's, on validation samples.",
)
@click.option(
    "--per-channel-dense",
    type=click.Choice(["off", "on", "auto"]),
    default="off",
    show_default=True,
    help="A weight scale for each unit of a dense layer: finer, for 8 to 16 bytes a unit; auto: "
    "if it lowers the error as much as the same bytes of wider weights would.",
)
@click.option(
    "--weight-bits",
    type=click.Choice(WEIGHT_BITS),
    default=8,
    show_default=True,
    help="4: large kernels of convolutions and dense layers are int4, which TFLM runs on int8 "
    "activations. Together with --qat, since rounding alone costs much.",
)
@click.option(
    "--no-input-normalization",
    is_flag=True,
    help="Leave the normalization of inputs in the integer graph, which then takes real values by "
    "its input's scale alone. By default each feature is normalized before it is quantized, with "
    "mean and deviation in the file's metadata, where the model begins with Normalization or "
    "BatchNormalization, or where one scale for features of mixed units would harm the outputs.",
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
    default=3e-4,
    show_default=True,
    help="Of --qat at its start, relative to the size of each weight tensor.",
)
@click.option(
    "--unroll",
    is_flag=True,
    help="Write out the steps of LSTMs as operators of their own, instead of one operator for each "
    "LSTM: more flash and RAM, for what TFLM's LSTM cannot do.",
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
    no_input_normalization: bool,
    **choices: Any,
) -> None:
    """Quantize a Keras MODEL: integer input and output, a batch of one.

    Shows what quantization does to each layer (signal-to-noise ratio, cosine, share of values
    clipped) and, where the data has labels, the metrics before and after on its validation part.
    """
    from edgecompress.files import write_file
    from edgecompress.keras_files.model import load_keras, set_seed

    refuse_existing(out, force=force)
    _refuse_contradictions(aware=aware, **choices)
    choices["input_normalization"] = not no_input_normalization
    set_seed(seed)
    network = load_keras(model)
    dataset = data_for(network, data, pixels, seed)
    if aware:
        settings = {"epochs": epochs, "learning_rate": learning_rate, "seed": seed}
        made = _trained(network, dataset, settings, **choices)
    else:
        made = _calibrated(network, dataset, seed, **choices)
    write_file(out, made.tflite)
    facts = {"model": str(out), "bytes": len(made.tflite), **choices, "qat": aware, "seed": seed}
    facts["normalized_inputs"] = normalized_inputs_of(made.tflite)
    models = {"float": network, choices["scheme"]: made.tflite}
    facts["validation"] = metrics_of(models, dataset.validation, dataset.task)
    _show(facts | made.chosen | _layers(made, dataset), as_json=as_json)


@dataclass(frozen=True)
class _Made:
    """A quantized model, the float model it was made of, and what was chosen for it."""

    exact: Any  # keras.Model
    tflite: bytes
    chosen: dict[str, Any] = field(default_factory=dict)


def _refuse_contradictions(*, aware: bool, remedy: bool, **choices: Any) -> None:
    if aware and (choices["scheme"] != "int8" or choices["per_channel_dense"] != "off"):
        raise UsageError("--qat trains for the int8 scheme with one scale per dense layer only")
    if aware and (remedy or choices["bias_correction"]):
        raise UsageError("--qat learns what --remedy and --bias-correction correct; leave them out")
    if aware and choices["unroll"]:
        raise UsageError(
            "--qat trains an LSTM as the one operator that --unroll avoids: leave one out"
        )
    if remedy and (choices["method"], choices["equalize"], choices["bias_correction"]) != (
        "minmax", False, False,
    ):  # fmt: skip
        raise UsageError(
            "--remedy chooses --calibration, --equalize and --bias-correction: leave them out"
        )


def _trained(network: Any, dataset: Dataset, settings: Mapping[str, Any], **choices: Any) -> _Made:
    from edgecompress.quantize.equalize import equalized
    from edgecompress.quantize.qat import quantize_aware
    from edgecompress.train.settings import Training

    if choices["equalize"]:
        typical = dataset.train.sample(choices["samples"], settings["seed"])
        network = equalized(network, [typical.x])
    aware = quantize_aware(
        network,
        dataset.train,
        dataset.validation,
        Training(**settings),
        method=choices["method"],
        samples=choices["samples"],
        weight_bits=choices["weight_bits"],
        input_normalization=choices["input_normalization"],
        task=dataset.task,
    )
    return _Made(aware.model, aware.tflite)


def _calibrated(network: Any, dataset: Dataset, seed: int, **choices: Any) -> _Made:
    from edgecompress.quantize.equalize import equalized
    from edgecompress.quantize.post_training import quantize
    from edgecompress.quantize.remedies import JUDGED_SAMPLES, requantize

    dense: dict[str, Any] = {"off": False, "on": True, "auto": "auto"}
    options = {
        "samples": choices["samples"],
        "weight_bits": choices["weight_bits"],
        "per_channel_dense": dense[choices["per_channel_dense"]],
        "input_normalization": choices["input_normalization"],
        "unroll": choices["unroll"],
        "seed": seed,
    }
    train, scheme = dataset.train, choices["scheme"]
    if choices["remedy"]:
        judge = dataset.validation if dataset.validation.size else train
        found = requantize(
            network, train.x, judge.sample(JUDGED_SAMPLES, seed).x, scheme, **options
        )
        return _Made(found.model, found.tflite, {"remedies": found.rows})
    exact = network
    if choices["equalize"]:
        exact = equalized(network, [train.sample(choices["samples"], seed).x])
    options |= {"method": choices["method"], "bias_correction": choices["bias_correction"]}
    return _Made(exact, quantize(exact, train.x, scheme, **options))


def _layers(made: _Made, dataset: Dataset) -> dict[str, Any]:
    """Return the error of each layer against the same weights in float, and the worst layer."""
    from edgecompress.quantize.layer_errors import error_rows, layer_errors, worst_layer

    errors = layer_errors(made.exact, made.tflite, dataset.train.x)
    worst = worst_layer(errors)
    return {"layers": error_rows(errors), "worst_layer": worst.layer if worst else None}


def _show(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    print_rows(facts["layers"])
    if facts["worst_layer"]:
        click.echo(f"int8 differs most from float in layer {facts['worst_layer']}")
    if "remedies" in facts:
        print_rows(facts["remedies"])
    if facts["validation"]:
        print_rows([{"validation": name, **row} for name, row in facts["validation"].items()])
    for row in facts["normalized_inputs"]:
        click.echo(normalization_in_words(row))
    click.echo(f"{facts['model']}: {facts['bytes']:,} bytes")
