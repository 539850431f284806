"""Which layers suffer from quantization: integer activations against float ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, log10, sqrt
from typing import Any

from edgecompress.progress import doing
from edgecompress.quantize.converter import TensorError
from edgecompress.quantize.post_training import Samples, conversion, convert
from edgecompress.quantize.recurrent.ranges import LSTM
from edgecompress.quantize.scales import Histogram, Range
from edgecompress.tflite.reader import read_model

_SAMPLES = 32
_STEPS = 255
_BARS = 64  # of a histogram for people
_DISTRIBUTION = ("values", "held")
_WIDE = 32  # five of the eight bits: what is left is three


@dataclass(frozen=True)
class LayerError:
    """What quantization, up to and in this layer, did to its output."""

    layer: str
    op: str
    snr_db: float  # 10 log10 of the float output's energy over the error's; inf: no error
    cosine: float  # between float and integer output
    saturation: float  # share of float values outside of what the integers can hold
    disparity: float = 1.0  # of what a Concatenate joins: its widest range over its narrowest
    operator: int = 0  # its place in the integer model
    values: Histogram | None = None  # of the float output
    held: Range = (0.0, 0.0)  # what the integers can hold


@doing("comparing each layer in int8 with float")
def layer_errors(
    model: Any, quantized: bytes, data: Samples, *, samples: int = _SAMPLES, seed: int = 0
) -> tuple[LayerError, ...]:
    """Compare the output of each operator of `quantized` with the float model's.

    Both run on the same samples from their inputs on, so that a layer's error contains what it got
    from those before it. Operators whose tensors the quantizer added (requantization) are left out.

    Args:
        model: the keras.Model that `quantized` was made of.
        quantized: its .tflite.
        data: inputs, float32 [n, ...].
        samples: how many of `data` to run, chosen by `seed`.
        seed: of that choice.

    Returns:
        One row per operator, in the order they run.

    Raises:
        ConversionError: the float model cannot be converted.
    """
    operators = {operator.op for operator in read_model(quantized).main.operators}
    job = conversion(model, data, "int8", samples=samples, unroll=LSTM not in operators, seed=seed)
    return tuple(_row(error) for error in convert("tensor_errors", job, quantized))


def worst_layer(errors: Sequence[LayerError]) -> LayerError | None:
    """Return the layer with the lowest signal-to-noise ratio; None if there are no layers."""
    return min(errors, key=lambda error: error.snr_db, default=None)


def worst_in_words(errors: Sequence[LayerError]) -> str:
    """Return "most in layer conv2d_3 (SNR 11 dB)", or "in no layer"."""
    worst = worst_layer(errors)
    if worst is None or not isfinite(worst.snr_db):
        return "in no layer"
    return f"most in layer {worst.layer or worst.op} (SNR {worst.snr_db:.0f} dB)"


def mixed_ranges_in_words(errors: Sequence[LayerError]) -> list[str]:
    """Return a line for each Concatenate whose one scale leaves one of its branches few steps."""
    return [
        f"layer {error.layer or error.op} joins branches whose ranges differ {error.disparity:.0f} "
        f"times: the narrowest keeps {_STEPS / error.disparity:.0f} of {_STEPS} steps. Normalize "
        "the branches before they are joined (BatchNormalization), and train the model on"
        for error in errors
        if error.disparity > _WIDE
    ]


def error_rows(errors: Sequence[LayerError]) -> list[dict[str, Any]]:
    """Return the errors as plain values for JSON, which knows no infinity: None for no error."""
    return [
        {name: value for name, value in vars(error).items() if name not in _DISTRIBUTION}
        | {"snr_db": error.snr_db if isfinite(error.snr_db) else None}
        for error in errors
    ]


def distribution_rows(errors: Sequence[LayerError]) -> list[dict[str, Any]]:
    """Return how the float output of each layer is distributed, and what its integers can hold.

    `counts` is the number of values in each of 64 equal parts of `float_range`.
    """
    return [
        {
            "layer": error.layer,
            "op": error.op,
            "operator": error.operator,
            "float_range": [error.values.low, error.values.high],
            "int8_range": list(error.held),
            "counts": error.values.counts.reshape(_BARS, -1).sum(axis=1).tolist(),
        }
        for error in errors
        if error.values is not None
    ]


def _row(error: TensorError) -> LayerError:
    norms = sqrt(error.signal * error.answer)
    return LayerError(
        layer=error.layer,
        op=error.op,
        snr_db=10 * log10(error.signal / error.noise) if error.noise and error.signal else inf,
        cosine=error.product / norms if norms else 1.0,
        saturation=error.clipped / error.count,
        disparity=error.disparity,
        operator=error.operator,
        values=error.values,
        held=error.held,
    )
