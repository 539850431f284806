"""What a channel rule is given of one call of a layer, and helpers that rules share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edgecompress.graph.tracing.channels import Axes, Channels, Trace, Traced
from edgecompress.keras_files.model import import_keras

# Activations that treat every value by itself. Not among them: softmax, log_softmax, sparsemax and
# glu, which mix channels.
_ELEMENTWISE = (
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
    "leaky_relu", "linear", "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "tanh",
    "tanh_shrink", "threshold",
)  # fmt: skip
_ELEMENTWISE_LAYERS = ("ELU", "LeakyReLU", "ReLU")


@dataclass(frozen=True)
class Call:
    """One call of a layer: its tensors, the states an RNN starts from, its outputs' shapes."""

    layer: Any
    inputs: tuple[Traced, ...]
    states: tuple[Traced, ...]
    shapes: tuple[tuple[int | None, ...], ...]

    @property
    def input(self) -> Traced:
        """The first (for most layers the only) input."""
        return self.inputs[0]


# A rule says which channels the outputs hold, and records in the trace what the layer does to them.
Rule = Callable[[Trace, Call], Sequence[Axes]]


def channel_axis(layer: Any, rank: int) -> int:
    """Return the axis of channels of a layer with a `data_format`, the last by default."""
    return 1 if getattr(layer, "data_format", None) == "channels_first" else rank - 1


def elementwise(activation: Any) -> bool:
    """Say whether an activation (function, layer or None) leaves channels apart."""
    if activation is None:
        return True
    keras = import_keras()
    known = [getattr(keras.activations, name, None) for name in _ELEMENTWISE]
    layers = [getattr(keras.layers, name) for name in _ELEMENTWISE_LAYERS]
    return activation in known or type(activation) in layers


def freeze_mixed(trace: Trace, layer: Any, channels: Channels | None) -> None:
    """Freeze channels that the layer's activation mixes."""
    if not elementwise(layer.activation):
        name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
        trace.freeze(channels, f"activation {name} of {trace.describe(layer)} may mix channels")


def freeze_all_but(trace: Trace, call: Call, axis: int | None) -> None:
    """Freeze the channels of the call's input on every axis but one."""
    for other, channels in enumerate(call.input.axes):
        if other != axis:
            trace.freeze(channels, f"{trace.describe(call.layer)} mixes them")


def only(rank: int, axis: int, channels: Channels | None) -> Axes:
    """Return the axes of a tensor that holds channels along one axis."""
    return tuple(channels if index == axis else None for index in range(rank))


def replaced(axes: Axes, axis: int, channels: Channels | None) -> Axes:
    """Return `axes` with other channels along one axis."""
    return (*axes[:axis], channels, *axes[axis + 1 :])
