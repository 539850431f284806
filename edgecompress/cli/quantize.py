"""`edgecompress quantize`: a Keras model, or a float .tflite, to a full-integer .tflite."""

from pathlib import Path
from typing import Any

import click

from edgecompress.cli import print_json
from edgecompress.cli.float_tflite import quantize_float
from edgecompress.cli.input.data import (
    data_option,
    force_option,
    metrics_of,
    out_option,
    pixels_option,
    refuse_existing,
    seed_option,
    warn_of_guessing,
)
from edgecompress.cli.input.options import OneOf, custom_objects_option, json_option
from edgecompress.cli.output.rows import print_rows
from edgecompress.cli.quantize_steps import (
    Made,
    errors_of,
    layer_facts,
    of_keras,
    refuse_loss,
)
from edgecompress.dataset import Dataset
from edgecompress.dataset.split import arrays_of
from edgecompress.errors import UsageError
from edgecompress.evaluate.data import data_for
from edgecompress.tflite.int4 import FEWER_BITS
from edgecompress.tflite.summary import normalization_in_words, normalized_inputs_of


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@data_option
@out_option(".tflite")
@click.option(
    "--scheme",
    type=OneOf(["int8", "int16x8", "pow2"]),
    default="int8",
    show_default=True,
    help="int8; int16x8: int16 activations, int8 weights; pow2: int8, all scales powers of two.",
)
@click.option(
    "--calibration",
    "method",
    type=OneOf(["minmax", "percentile", "mse"]),
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
    type=OneOf(["off", "on", "auto"]),
    default="off",
    show_default=True,
    help="A weight scale for each unit of a dense layer: finer, for 8 to 16 bytes a unit; auto: "
    "if it lowers the error as much as the same bytes of wider weights would.",
)
@click.option(
    "--weight-bits",
    type=OneOf((*FEWER_BITS, 8)),
    default=8,
    show_default=True,
    help="4: large kernels of convolutions and dense layers are int4, which TFLM runs on int8 "
    "activations; 5, 6: rounded to so many, of no use unless `pack` encodes them. Together with "
    "--qat, since rounding alone costs much.",
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
    "--max-accuracy-drop",
    "allowed",
    type=click.FloatRange(0),
    default=5.0,
    show_default=True,
    help="Points of accuracy, or per cent of an error, that may be lost on the validation part "
    "against float. If more is, remedies are tried; if it stays so, the exit code is 4.",
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
@custom_objects_option
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
    allowed: float,
    **choices: Any,
) -> None:
    """Quantize MODEL, Keras or a float .tflite: integer input and output, a batch of one.

    A float .tflite, as exporters of PyTorch and ONNX models write it, goes through
    ai-edge-quantizer: int8, minmax, a weight scale for each channel.

    Shows what quantization does to each layer of a Keras model (signal-to-noise ratio, cosine,
    share of values clipped) and, where the data has labels, the metrics before and after on its
    validation part.
    """
    from edgecompress.evaluate.score import is_tflite
    from edgecompress.files import write_file

    refuse_existing(out, force=force)
    _refuse_contradictions(aware=aware, **choices)
    choices["input_normalization"] = not no_input_normalization
    if is_tflite(model):
        network, tflite, dataset = quantize_float(model, data, pixels, seed, qat=aware, **choices)
        made = Made(network, tflite)
    else:
        settings = {"epochs": epochs, "learning_rate": learning_rate, "seed": seed}
        network, dataset = _loaded(model, data, pixels, seed, by_layer=aware, **choices)
        made = of_keras(network, dataset, settings, allowed, aware=aware, **choices)
    write_file(out, made.tflite)
    facts = {"model": str(out), "bytes": len(made.tflite), **choices, "qat": aware, "seed": seed}
    facts["normalized_inputs"] = normalized_inputs_of(made.tflite)
    models = {"float": network, choices["scheme"]: made.tflite}
    facts["validation"] = metrics_of(models, dataset.validation, dataset.task)
    errors = errors_of(made, dataset)
    _show(facts | made.chosen | layer_facts(errors), as_json=as_json)
    scheme = choices["scheme"]
    refuse_loss(network, made, dataset, allowed, errors=errors, scheme=scheme)


def _loaded(
    path: Path, data: str, pixels: str, seed: int, *, by_layer: bool, **choices: Any
) -> tuple[Any, Dataset]:
    """Return the keras.Model and the data set, after saying if it is no better than guessing."""
    from edgecompress.graph.overflow import refuse_overflow
    from edgecompress.keras_files.model import load_keras, set_seed

    set_seed(seed)
    by_layer = by_layer or choices["equalize"] or choices["remedy"]
    network = load_keras(path, as_graph=not by_layer)
    dataset = data_for(network, data, pixels, seed, path)
    typical = dataset.train.sample(choices["samples"], seed)
    refuse_overflow(network, arrays_of(typical.x), str(path))
    warn_of_guessing(network, dataset)
    return network, dataset


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
    for line in facts["mixed_ranges"]:
        click.echo(line)
    for row in facts["normalized_inputs"]:
        click.echo(normalization_in_words(row))
    click.echo(f"{facts['model']}: {facts['bytes']:,} bytes")
