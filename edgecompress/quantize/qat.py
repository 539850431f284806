"""Quantization-aware training on Keras 3: a model learns to live with int8, then is converted."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split
from edgecompress.errors import ModelError
from edgecompress.graph.flat_copy import flat_copy
from edgecompress.graph.fold import fold_batch_norm
from edgecompress.graph.rebuild import copy_weights
from edgecompress.keras_files.model import import_keras
from edgecompress.quantize.fake_quant import (
    quantization_points,
    trained_ranges,
    with_fake_quant,
)
from edgecompress.quantize.fewer_kernels import without_affines
from edgecompress.quantize.input_normalization import normalized_inputs
from edgecompress.quantize.post_training import DEFAULT_SAMPLES, conversion, converted
from edgecompress.quantize.scales import Histogram, Range, clipped_range
from edgecompress.tflite.graph import Normalization
from edgecompress.tflite.metadata import with_normalizations
from edgecompress.tflite.pack import packed
from edgecompress.train.fine_tune import finetune
from edgecompress.train.settings import Training
from edgecompress.train.step import Masks

# Zeros in a kernel from which on it was pruned: else there are none but of dead channels.
_PRUNED_SHARE = 0.2

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AwareModel:
    """A model trained for int8: in float with batch normalization folded, and as a .tflite."""

    model: Any  # keras.Model, not compiled
    tflite: bytes = field(repr=False)


def quantize_aware(
    model: Any,
    train: Split,
    validation: Split,
    settings: Training,
    *,
    method: str = "minmax",
    samples: int = DEFAULT_SAMPLES,
    weight_bits: int = 8,
    input_normalization: bool = True,
    teacher: Any = None,
    **options: Any,
) -> AwareModel:
    """Train a copy of `model` with int8 kernels and activations, and convert it.

    Batch normalization is folded first. The zeros of pruned kernels stay. The ranges it came to are
    those of the .tflite; the best epoch is so under rounding (Jacob et al., 2018; `graph.fold`).

    Args:
        model: a functional keras.Model of one input.
        train: samples to learn from and to start the ranges by.
        validation: samples to choose the best epoch by.
        settings: how to train; the learning rate, relative to each weight tensor's size, since
            folding leaves very different kernels, is best at 3e-4.
        method: how ranges start.
        samples: how many of the training samples set these.
        weight_bits: as of `quantize`.
        input_normalization: as of `quantize`.
        teacher: whose outputs are learnt too; the model itself, in float, by default.
        options: task, on_epoch, keeping, as of `finetune`.

    Raises:
        ModelError: the model is not functional, has several inputs, or cannot run on TFLM.
    """
    if len(model.inputs) != 1:
        raise ModelError("training with rounding takes models of one input; leave it out")
    chosen = (train.sample(samples, settings.seed).x,)
    inputs = without_affines(normalized_inputs(model, chosen, wanted=input_normalization), chosen)
    folded, (x,) = fold_batch_norm(inputs.model), inputs.applied(chosen)
    points, before = quantization_points(folded), _layer_of(inputs.normalizations[0])
    start = _starting_ranges(folded, points, x, method)
    trained = finetune(
        with_fake_quant(folded, start, before), train, validation,
        replace(settings, kernel_bits=weight_bits),
        teacher=model if teacher is None else teacher, masks=_kept_zeros, **options,
    )  # fmt: skip
    _take_weights(folded, trained)
    tflite = _tflite_of(folded, x, trained_ranges(trained), weight_bits)
    tflite = packed(with_normalizations(tflite, inputs.normalizations))
    return AwareModel(folded if before is None else flat_copy(folded, inputs=before), tflite)


def _tflite_of(
    folded: Any, x: NDArray[np.float32], ranges: Mapping[str, Range], weight_bits: int
) -> bytes:
    """Convert a folded model with the ranges it was trained for, by point; `x` are its samples."""
    _log.info("trained ranges of %d activations", len(ranges))
    values = _values_at(folded, quantization_points(folded), x[:1])
    learnt = conversion(folded, x, "int8", samples=len(x))
    learnt = replace(learnt, points=tuple((values[name], ranges[name]) for name in values))
    return converted("to_ranged_int8", learnt, folded.name, weight_bits)


def _kept_zeros(model: Any, epoch: int) -> Masks | None:
    """Return masks that hold the zeros of pruned kernels; they come with the first epoch."""
    if epoch > 1:
        return None
    kept = {v.path: v.numpy() != 0 for v in model.trainable_variables if v.name.endswith("kernel")}
    return {path: mask for path, mask in kept.items() if mask.mean() < 1 - _PRUNED_SHARE}


def _layer_of(normalization: Normalization | None) -> Any | None:
    """Return a Keras layer that normalizes the input of a model; None for none."""
    if normalization is None:
        return None
    mean, std = (np.array(part) for part in (normalization.mean, normalization.std))
    scale, offset = (1 / std).tolist(), (-mean / std).tolist()
    return import_keras().layers.Rescaling(scale, offset, name="input_normalization")


def _take_weights(model: Any, trained: Any) -> None:
    """Give the layers of `model` the weights that layers of the same names were trained to."""
    for layer in model.layers:
        if layer.weights:
            copy_weights(trained.get_layer(layer.name), layer)


def can_be_aware(model: Any) -> bool:
    """Say whether `quantize_aware` knows all that `model` (a keras.Model) is made of."""
    try:
        quantization_points(fold_batch_norm(model))
    except ModelError as error:
        _log.info("no training with rounding: %s", error)
        return False
    return len(model.inputs) == 1


def _starting_ranges(
    folded: Any, points: tuple[str, ...], x: NDArray[np.float32], method: str
) -> dict[str, Range]:
    found = {}
    for name, values in _values_at(folded, points, x).items():
        low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
        if method != "minmax":
            histogram = Histogram.empty(low, high)
            histogram.add(values)
            low, high = clipped_range(histogram, method)
        found[name] = (low, max(high, low + 1e-6))
    return found


def _values_at(
    folded: Any, points: tuple[str, ...], x: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Return what the model's input and its points hold for samples `x`."""
    import keras

    layers = [folded.get_layer(name) for name in points]
    taps = keras.Model(folded.inputs[0], [layer.output for layer in layers])
    outputs = [output.numpy() for output in keras.tree.flatten(taps(x, training=False))]
    return {"input": x, **dict(zip(points, outputs, strict=True))}
