"""Convolutions in two parts: one that looks around in each channel, one that mixes the channels.

A depthwise convolution with `rank` outputs for each input channel, then a pointwise one, take a
fraction of the bytes and multiply-accumulates of the convolution they approximate. The best parts
are its kernel's singular vectors, input channel by input channel; at full rank they are exact.
Source: Guo, Li, Lin, Jin and Li, "Network Decoupling: From Regular to Depthwise Separable
Convolutions", BMVC 2018, theorem 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import UsageError
from edgecompress.graph.rebuild import copy_weights, rebuild
from edgecompress.graph.walk import leaf_layers
from edgecompress.keras_files.model import import_keras

Ranks = Mapping[str, int]  # by path of the convolution

DEPTHWISE, POINTWISE = "_depthwise", "_pointwise"  # what the parts' names end in


@dataclass(frozen=True)
class Separable:
    """A convolution that can be separated.

    Attributes:
        path: its name, after the names of the models it is nested in.
        taps: positions its kernel looks at.
        inputs: input channels.
        outputs: output channels.
        lost: share of the kernel's energy that is lost at rank 1, 2, ...; 0 at full rank.
    """

    path: str
    taps: int
    inputs: int
    outputs: int
    lost: tuple[float, ...]

    def parameters(self, rank: int | None) -> int:
        """Return the weights of its kernels at a rank; None: as it is."""
        if rank is None:
            return self.taps * self.inputs * self.outputs
        return (self.taps + self.outputs) * self.inputs * rank


def separable(model: Any) -> tuple[Separable, ...]:
    """Return the convolutions of `model` that have fewer weights when separated at rank 1.

    Args:
        model: a keras.Model. Convolutions in groups, and those inside wrappers, are left out.
    """
    found = []
    for path, layer in leaf_layers(model):
        if _can_be_separated(layer):
            taps, inputs, outputs = _rows(layer).shape
            candidate = Separable(path, taps, inputs, outputs, _lost(layer))
            if candidate.parameters(1) < candidate.parameters(None):
                found.append(candidate)
    return tuple(found)


def separate(model: Any, ranks: Ranks) -> Any:
    """Return a copy of `model` with each convolution of `ranks` in two parts.

    Args:
        model: a functional or Sequential Keras model; it is left as it is.
        ranks: path of a convolution, as `separable` gives it -> outputs of its first part for each
            input channel. From the number of taps or of output channels on, nothing is lost.

    Returns:
        A keras.Model, not compiled, that approximates `model`; other weights are the same.

    Raises:
        ModelError: `model` is not functional, or holds a layer that cannot be copied.
        UsageError: `ranks` names a layer that cannot be separated, or a rank below 1.
    """
    layers = {path: layer for path, layer in leaf_layers(model) if _can_be_separated(layer)}
    for path, rank in ranks.items():
        if path not in layers:
            raise UsageError(
                f"{path} cannot be separated; {', '.join(layers) or 'no layer'} of "
                f"{model.name!r} can"
            )
        if rank < 1:
            raise UsageError(f"{path}: rank {rank} is less than 1")
    parts = {id(layers[path]): _parts(layers[path], rank) for path, rank in ranks.items()}
    copy, pairs = rebuild(model, {}, instead=parts)
    for source, target in pairs:
        copy_weights(source, target)
    for path, rank in ranks.items():
        _set_parts(layers[path], parts[id(layers[path])], rank)
    return copy


def _can_be_separated(layer: Any) -> bool:
    layers = import_keras().layers
    return (
        type(layer) in (layers.Conv1D, layers.Conv2D)
        and layer.built
        and layer.groups == 1
        and layer.data_format == "channels_last"
        and max(layer.kernel_size) > 1
    )


def _rows(layer: Any) -> NDArray[np.float32]:
    """Return a kernel as [taps, inputs, outputs]."""
    kernel: NDArray[np.float32] = layer.kernel.numpy()
    return kernel.reshape(-1, *kernel.shape[-2:])


def _lost(layer: Any) -> tuple[float, ...]:
    energies = np.linalg.svd(_rows(layer).transpose(1, 0, 2), compute_uv=False) ** 2
    left = 1 - np.cumsum(energies.sum(axis=0)) / max(float(energies.sum()), np.finfo(float).tiny)
    return tuple(float(share) for share in np.maximum(left, 0.0))


def _parts(layer: Any, rank: int) -> list[Any]:
    """Return the two layers, without weights yet, that take the place of `layer`."""
    layers = import_keras().layers
    flat = type(layer) is layers.Conv1D
    depthwise = (layers.DepthwiseConv1D if flat else layers.DepthwiseConv2D)(
        layer.kernel_size[0] if flat else layer.kernel_size,
        strides=layer.strides[0] if flat else layer.strides,
        padding=layer.padding,
        dilation_rate=layer.dilation_rate,
        depth_multiplier=rank,
        use_bias=False,
        name=layer.name + DEPTHWISE,
    )
    pointwise = type(layer)(
        layer.filters,
        1,
        use_bias=layer.use_bias,
        activation=layer.activation,
        name=layer.name + POINTWISE,
    )
    return [depthwise, pointwise]


def _set_parts(layer: Any, parts: list[Any], rank: int) -> None:
    rows = _rows(layer)
    _, inputs, outputs = rows.shape
    left, values, right = np.linalg.svd(rows.transpose(1, 0, 2), full_matrices=False)
    known = min(rank, values.shape[1])
    size = np.sqrt(values[:, :known])  # shared between the parts, so that both are of like size
    around = np.zeros((rows.shape[0], inputs, rank), np.float32)
    around[..., :known] = (left[..., :known] * size[:, None]).transpose(1, 0, 2)
    across = np.zeros((inputs, rank, outputs), np.float32)
    across[:, :known] = size[..., None] * right[:, :known]
    depthwise, pointwise = parts
    depthwise.set_weights([around.reshape(depthwise.kernel.shape)])
    rest = [layer.bias.numpy()] if layer.use_bias else []
    pointwise.set_weights([across.reshape(pointwise.kernel.shape), *rest])
