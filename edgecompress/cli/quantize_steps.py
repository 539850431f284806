"""What `edgecompress quantize` does with its options: quantize, remedy, and say what is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import click

from edgecompress.dataset import Dataset
from edgecompress.dataset.split import arrays_of
from edgecompress.errors import AccuracyError

# What remedies choose, unless the user did.
_DEFAULTS = {
    "method": "minmax", "equalize": False, "bias_correction": False, "remedy": False,
    "per_channel_dense": "off",
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A quantized model, the float model it was made of, and what was chosen for it."""

    exact: Any  # keras.Model, or the bytes of a float .tflite
    tflite: bytes
    chosen: dict[str, Any] = field(default_factory=dict)


def of_keras(
    network: Any,
    dataset: Dataset,
    settings: Mapping[str, Any],
    allowed: float,
    *,
    aware: bool,
    **choices: Any,
) -> Made:
    """Quantize a keras.Model, with training or after it; `settings` are of training."""
    if aware:
        return trained(network, dataset, settings, **choices)
    made = calibrated(network, dataset, settings["seed"], **choices)
    return remedied(network, made, dataset, allowed, settings["seed"], **choices)


def trained(network: Any, dataset: Dataset, settings: Mapping[str, Any], **choices: Any) -> Made:
    """Train the model for int8."""
    from edgecompress.quantize.equalize import equalized
    from edgecompress.quantize.qat import quantize_aware
    from edgecompress.train.settings import Training

    if choices["equalize"]:
        typical = dataset.train.sample(choices["samples"], settings["seed"])
        network = equalized(network, arrays_of(typical.x))
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
    return Made(aware.model, aware.tflite)


def calibrated(network: Any, dataset: Dataset, seed: int, **choices: Any) -> Made:
    """Quantize the model after training."""
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
        return Made(found.model, found.tflite, {"remedies": found.rows})
    exact = network
    if choices["equalize"]:
        exact = equalized(network, arrays_of(train.sample(choices["samples"], seed).x))
    options |= {"method": choices["method"], "bias_correction": choices["bias_correction"]}
    return Made(exact, quantize(exact, train.x, scheme, **options))


def remedied(
    network: Any, made: Made, dataset: Dataset, allowed: float, seed: int, **choices: Any
) -> Made:
    """Return what loses least, if `made` loses too much and its way was not the user's choice."""
    from edgecompress.quantize.kept_accuracy import improved, kept_accuracy

    kept = kept_accuracy(network, made.tflite, dataset.validation, dataset.task)
    own = any(choices[name] != default for name, default in _DEFAULTS.items())
    if kept is None or not kept.exceeds(allowed) or own:
        return made
    best = improved(
        network, made.tflite, dataset.train.x, dataset.validation, kept=kept,
        scheme=choices["scheme"], samples=choices["samples"], weight_bits=choices["weight_bits"],
        per_channel_dense=False, input_normalization=choices["input_normalization"],
        unroll=choices["unroll"], seed=seed,
    )  # fmt: skip
    chosen = {"remedy_taken": best.remedy or None, "remedies_tried": list(best.tried)}
    return Made(best.model, best.tflite, made.chosen | chosen)


def refuse_loss(
    network: Any, made: Made, dataset: Dataset, allowed: float, *, errors: Any, scheme: str
) -> None:
    """Raise AccuracyError if more is lost than may be; say so if too little was measured."""
    from edgecompress.quantize.kept_accuracy import doubt_in_words, kept_accuracy, loss_in_words

    kept = kept_accuracy(network, made.tflite, dataset.validation, dataset.task)
    if kept is None:
        click.echo("no labels: what int8 loses was not measured", err=True)
    elif kept.exceeds(allowed):
        tried = made.chosen.get("remedies_tried", ())
        words = loss_in_words(
            kept, allowed, errors, tried, scheme, from_tflite=isinstance(made.exact, bytes)
        )
        raise AccuracyError(words)
    elif (doubt := doubt_in_words(kept, allowed)) is not None:
        click.echo(doubt, err=True)


def errors_of(made: Made, dataset: Dataset) -> Any:
    """Return the error of each layer against the same weights in float.

    None are known of a .tflite: its tensors have lost the layers they came from.
    """
    if isinstance(made.exact, bytes):
        return ()
    from edgecompress.quantize.layer_errors import layer_errors

    return layer_errors(made.exact, made.tflite, dataset.train.x)


def layer_facts(errors: Any) -> dict[str, Any]:
    """Return the errors for JSON, and the worst layer."""
    from edgecompress.quantize.layer_errors import error_rows, mixed_ranges_in_words, worst_layer

    worst = worst_layer(errors)
    return {
        "layers": error_rows(errors),
        "worst_layer": worst.layer if worst else None,
        "mixed_ranges": mixed_ranges_in_words(errors),
    }
