"""Cross-layer equalization: channels of like size, so that one scale serves all of them.

Between two layers a channel may be divided by any s > 0 that the second layer's weights make up
for: W2 relu(W1 x) = (W2 S) relu(S^-1 W1 x); s = sqrt(r1 / r2), r1 and r2 the channel's ranges
before and behind, makes them equal (Nagel et al., "Data-Free Quantization Through Weight
Equalization and Bias Correction", 2019, section 4.1). There r1 is of the first layer's weights.
TFLite has a scale for each channel of a convolution, and one for all activations between two
layers, so r1 is of these (as in Xiao et al., "SmoothQuant", 2023, section 4, alpha 0.5); of a
dense layer's weights, which share a scale too, it is where they are the larger in their range.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.graph.fold import (
    Call,
    channel_shape,
    flat_calls,
    fold_batch_norm,
    has_kernel,
)
from edgecompress.keras_files.model import import_keras

_log = logging.getLogger(__name__)

_ROUNDS = 20  # through all pairs; a chain of them settles like a row of springs
_SETTLED = 0.01  # relative change of a channel in one round
_QUIETEST = 1 / 64  # of the loudest channel: no channel is taken for quieter
_RELU6_MARGIN = 1.25  # of a channel's largest value over the samples' largest

# Layers that do to each channel by itself what they do to its multiple: f(s x) = s f(x), s > 0.
_HOMOGENEOUS = (
    "AveragePooling1D", "AveragePooling2D", "Cropping1D", "Cropping2D", "Dropout", "Flatten",
    "GaussianDropout", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "LeakyReLU", "MaxPooling1D", "MaxPooling2D", "ReLU", "SpatialDropout1D",
    "SpatialDropout2D", "UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D",
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Two layers and what lies between them."""

    first: Any  # keras layer whose output channels are scaled
    second: Any  # keras layer that reads them, and nothing else does
    activated: Any  # keras layer whose output is what TFLite has integers of
    ceiling: float  # of that output: 6 for a ReLU6, else infinity


def equalized(model: Any, inputs: Sequence[NDArray[Any]]) -> Any:
    """Return an equal model, batch normalization folded, whose channels are alike in range.

    The outputs are the same to float rounding; where a ReLU6 lies between two layers, they are
    for activations up to 1.25 times the largest of the samples.

    Args:
        model: a functional keras.Model; it is left as it is.
        inputs: samples that the activations' ranges are measured on, [n, ...] for each input.

    Raises:
        ModelError: the model is not functional, or a layer cannot be copied.
    """
    folded = fold_batch_norm(model)
    pairs = tuple(equalizable_pairs(folded))
    peaks = _peaks(folded, pairs, inputs)
    for _ in range(_ROUNDS):
        changes = [_equalize_pair(pair, peaks) for pair in pairs]
        if max(changes, default=0) < _SETTLED:
            break
    _log.info("equalized %d pairs of layers", len(pairs))
    return folded


def equalizable_pairs(folded: Any) -> Iterator[Pair]:
    """Yield the pairs of layers of a folded model that scales can be moved between."""
    calls = flat_calls(folded)
    used = Counter(id(call.layer) for call in calls)
    for call in calls:
        first, *between, last = _line(call)
        if (
            _has_plain_kernel(first.layer)
            and _has_plain_kernel(last.layer)
            and all(_is_homogeneous(part.layer) for part in between)
            and all(used[id(part.layer)] == 1 for part in (first, *between, last))
        ):
            activated = between[0] if between and _is_relu(between[0].layer) else first
            ceiling = min(_ceiling(part.layer) for part in (first, *between))
            yield Pair(first.layer, last.layer, activated.layer, ceiling)


def _line(call: Call) -> list[Call]:
    """Return a call and those after it, each the only reader of the last, to the next kernel."""
    line = [call]
    while len(line[-1].consumers) == 1:
        line.append(line[-1].consumers[0])
        if has_kernel(line[-1].layer):
            break
    return line if len(line) > 1 else [call, Call(None)]


def _has_plain_kernel(layer: Any) -> bool:
    """Say whether a layer has a kernel that mixes all channels, or a depthwise one."""
    return has_kernel(layer) and getattr(layer, "groups", 1) == 1 and _is_channels_last(layer)


def _is_homogeneous(layer: Any) -> bool:
    kind = type(layer).__name__
    if not _is_channels_last(layer):
        return False
    if kind == "Activation":
        return layer.activation.__name__ in ("linear", "relu", "relu6", "leaky_relu")
    if kind == "ReLU":
        return not layer.threshold and layer.max_value in (None, 6)
    return kind in _HOMOGENEOUS


def _is_channels_last(layer: Any) -> bool:
    return getattr(layer, "data_format", None) in (None, "channels_last")


def _is_relu(layer: Any) -> bool:
    return type(layer).__name__ in ("ReLU", "Activation")


def _ceiling(layer: Any) -> float:
    function = getattr(getattr(layer, "activation", None), "__name__", "")
    limit = getattr(layer, "max_value", None)
    return 6.0 if function == "relu6" or limit == 6 else np.inf  # noqa: PLR2004


def _peaks(
    folded: Any, pairs: Sequence[Pair], inputs: Sequence[NDArray[Any]]
) -> dict[str, NDArray[np.float64]]:
    """Return the largest magnitude of each channel between two layers, by the first's name."""
    if not pairs:
        return {}
    keras = import_keras()
    taps = keras.Model(folded.inputs, [pair.activated.output for pair in pairs])
    outputs = keras.tree.flatten(taps.predict(list(inputs), verbose=0))
    return {
        pair.first.name: _channel_peaks(values) for pair, values in zip(pairs, outputs, strict=True)
    }


def _channel_peaks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the largest magnitude of each channel; one that is nearly silent may be louder yet."""
    peaks = np.abs(values).max(tuple(range(values.ndim - 1))).astype(np.float64)
    return np.where(peaks > 0, np.maximum(peaks, _QUIETEST * peaks.max()), 0.0)


def _equalize_pair(pair: Pair, peaks: dict[str, NDArray[np.float64]]) -> float:
    """Divide the channels between two layers, and return the largest relative change."""
    peak = peaks[pair.first.name]
    scales = _scales(pair, peak)
    _scale_outputs(pair.first, 1 / scales)
    _scale_inputs(pair.second, scales)
    peaks[pair.first.name] = peak / scales
    return float(np.abs(np.log(scales)).max())


def _scales(pair: Pair, peak: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each channel is divided by; 1 where it is dead, or bound by a ReLU6."""
    least = _RELU6_MARGIN * peak / pair.ceiling  # smaller ones would let the ReLU6 clip
    alive = (peak > 0) & (_input_ranges(pair.second, len(peak)) > 0)
    free, bound = alive & (least < 1), alive & (least >= 1)
    scales = np.ones(len(peak))
    if free.any():
        wanted = _wanted(pair, peak)
        middle = np.exp(np.log(wanted[bound if bound.any() else free]).mean())
        scales[free] = np.maximum(wanted[free] / middle, least[free])
    return scales


def _wanted(pair: Pair, peak: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sqrt(r1 / r2) of each channel; r1 if a depthwise kernel follows: it has no r2."""
    before: NDArray[np.float64] = peak / peak.max()
    if type(pair.first).__name__ == "Dense":  # one scale for all of its weights
        weights = np.abs(pair.first.get_weights()[0]).max(0)
        before = np.maximum(before, weights / weights.max())
    if "Depthwise" in type(pair.second).__name__:
        return before
    behind = _input_ranges(pair.second, len(peak))
    wanted: NDArray[np.float64] = np.sqrt(before / np.where(behind > 0, behind, 1))
    return wanted


def _input_ranges(layer: Any, channels: int) -> NDArray[np.float64]:
    """Return the largest weight that reads each channel."""
    kernel = np.abs(layer.get_weights()[0])
    axis = _input_axis(layer, kernel.ndim)
    rows = kernel.max(tuple(a for a in range(kernel.ndim) if a != axis))
    largest: NDArray[np.float64] = rows.reshape(-1, channels).max(0).astype(np.float64)
    return largest


def _scale_outputs(layer: Any, factors: NDArray[np.float64]) -> None:
    kernel, *bias = layer.get_weights()
    shape = channel_shape(layer, kernel.shape)
    layer.set_weights([kernel * factors.reshape(shape), *(b * factors for b in bias)])


def _scale_inputs(layer: Any, factors: NDArray[np.float64]) -> None:
    kernel, *bias = layer.get_weights()
    axis = _input_axis(layer, kernel.ndim)
    shape = [1] * kernel.ndim
    shape[axis] = kernel.shape[axis]
    every = np.tile(factors, kernel.shape[axis] // len(factors))  # a dense layer after Flatten
    layer.set_weights([kernel * every.reshape(shape), *bias])


def _input_axis(layer: Any, rank: int) -> int:
    return rank - 1 if "Transpose" in type(layer).__name__ else rank - 2
