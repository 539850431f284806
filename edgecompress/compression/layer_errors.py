"""Which layers suffer from quantization: integer activations against float ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log10, sqrt
from typing import Any

from edgecompress.compression.converter import TensorError
from edgecompress.compression.quantize import Samples, conversion, convert
from edgecompress.tflite.names import layer_name
from edgecompress.tflite.reader import read_model

_SAMPLES = 32


@dataclass(frozen=True)
class LayerError:
    """What quantization, up to and in this layer, did to its output."""

    layer: str
    op: str
    snr_db: float  # 10 log10 of the float output's energy over the error's; inf: no error
    cosine: float  # between float and integer output
    saturation: float  # share of float values outside of what the integers can hold


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
    job = conversion(model, data, "int8", samples=samples, seed=seed)
    by_tensor = {error.name: error for error in convert("tensor_errors", job, quantized)}
    graph = read_model(quantized).main
    rows = []
    for operator in graph.operators:
        error = by_tensor.get(graph.tensors[operator.outputs[0]].name)
        if error is not None:
            rows.append(_row(layer_name(graph, operator), operator.op, error))
    return tuple(rows)


def worst_layer(errors: Sequence[LayerError]) -> LayerError | None:
    """Return the layer with the lowest signal-to-noise ratio; None if there are no layers."""
    return min(errors, key=lambda error: error.snr_db, default=None)


def _row(layer: str, op: str, error: TensorError) -> LayerError:
    norms = sqrt(error.signal * error.answer)
    return LayerError(
        layer=layer,
        op=op,
        snr_db=10 * log10(error.signal / error.noise) if error.noise and error.signal else inf,
        cosine=error.product / norms if norms else 1.0,
        saturation=error.clipped / error.count,
    )
