"""Unstructured weight pruning: single weights set to zero and held there.

On stock TFLM this saves no byte of flash or RAM and no time: its kernels store and multiply zeros
like any other value (EdgeMark, 2024: of 18 models pruned to 50 %, the median change is nil). The
zeros survive int8 quantization, whose weights are symmetric: 0.0 is stored as 0. They pay once
`edgecompress.pack.weights` encodes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edgecompress.dataset import Split
from edgecompress.errors import UsageError
from edgecompress.graph.walk import leaf_layers
from edgecompress.keras_files.model import import_keras
from edgecompress.prune.gradients import mean_over_samples

WeightMethod = Literal["magnitude", "threshold", "importance"]
Scope = Literal["layer", "global"]
WEIGHT_METHODS: tuple[str, ...] = get_args(WeightMethod)

Masks = Mapping[str, NDArray[np.bool_]]  # path of a weight -> False where it is held at zero

_SAMPLES = 256


@dataclass(frozen=True)
class Sparsity:
    """How many weights of a kernel are zero."""

    layer: str  # path
    weight: str
    size: int
    zeros: int

    @property
    def rate(self) -> float:
        """Share of zeros, 0 to 1."""
        return self.zeros / self.size


def weight_masks(
    model: Any,
    method: str,
    *,
    rate: float | None = None,
    threshold: float | None = None,
    scope: str = "layer",
    train: Split | None = None,
    seed: int = 0,
) -> dict[str, NDArray[np.bool_]]:
    """Choose which weights of a model's kernels become zero; biases and norms keep theirs.

    Args:
        model: a keras.Model.
        method:
            "magnitude": the share `rate` of smallest absolute value (Han et al., Learning both
                Weights and Connections for Efficient Neural Networks, 2015).
            "threshold": every |w| <= `threshold`.
            "importance": the share `rate` whose loss changes least without them, to second order
                with the Fisher information for the curvature: w^2 E[g^2] (LeCun, Denker and Solla,
                Optimal Brain Damage, 1989, equation 5), g the gradient of one sample's loss.
        rate: share of weights to remove, 0 to below 1.
        threshold: absolute value up to which weights are removed, at least 0.
        scope: whether `rate` holds in each "layer" by itself or over all, "global".
        train: samples for "importance".
        seed: of the samples chosen for "importance".

    Returns:
        For each kernel, by `variable.path`, True where a weight stays; as `finetune` takes them.

    Raises:
        UsageError: unknown method or scope, `rate`, `threshold` or `train` missing or out of
            range, or two weights of the model have the same path.
    """
    kernels = _kernels(model)
    if method == "threshold":
        if threshold is None or threshold < 0:
            raise UsageError("method threshold needs a threshold (--threshold) of at least 0")
        return {path: np.abs(value.numpy()) > threshold for path, value in kernels.items()}
    if method not in WEIGHT_METHODS:
        raise UsageError(f"method {method!r} is unknown; it is one of {', '.join(WEIGHT_METHODS)}")
    if rate is None or not 0 <= rate < 1:
        raise UsageError(f"method {method} needs a rate (--rate) from 0 to below 1")
    if method == "magnitude":
        worth = {path: np.abs(value.numpy()) for path, value in kernels.items()}
    elif train is None:
        raise UsageError("method importance needs samples; give --data")
    else:
        worth = _importance(model, kernels, train, seed)
    return _largest(worth, rate, scope)


def apply_masks(model: Any, masks: Masks) -> None:
    """Set the masked weights of `model` to zero, in place.

    Raises:
        UsageError: a mask is for a weight that the model does not have.
    """
    variables = {variable.path: variable for variable in model.variables}
    for path, mask in masks.items():
        if path not in variables or tuple(variables[path].shape) != mask.shape:
            raise UsageError(f"{path}: the model has no weight of that path and shape to mask")
        variables[path].assign(variables[path].numpy() * mask)


def hold_masks(model: Any, masks: Masks) -> Any:
    """Return a Keras callback for `model.fit` that keeps the masked weights at zero."""
    return import_keras().callbacks.LambdaCallback(
        on_train_begin=lambda logs: apply_masks(model, masks),  # noqa: ARG005 - Keras's signature
        on_train_batch_end=lambda batch, logs: apply_masks(model, masks),  # noqa: ARG005
    )


def polynomial_rate(progress: float, final: float, initial: float = 0.0) -> float:
    """Return the rate at `progress` (0 to 1) through the ramp from `initial` to `final`.

    Cubic: much goes early, while there is much to spare. Source: Zhu and Gupta, "To Prune, or Not
    to Prune", 2017, equation 1.
    """
    return final + (initial - final) * (1 - min(max(progress, 0.0), 1.0)) ** 3


def sparsity(model: Any) -> tuple[Sparsity, ...]:
    """Return how many weights of each kernel are zero, in the order of the layers."""
    return tuple(
        Sparsity(path, weight.name, weight.numpy().size, int((weight.numpy() == 0).sum()))
        for path, layer in leaf_layers(model)
        for weight in layer.weights
        if _is_kernel(weight)
    )


def _kernels(model: Any) -> dict[str, Any]:
    """Return the weights to prune by path."""
    found: dict[str, Any] = {}
    for _, layer in leaf_layers(model):
        for weight in layer.weights:
            if _is_kernel(weight) and found.setdefault(weight.path, weight) is not weight:
                raise UsageError(f"{weight.path}: two weights have this path; rename a layer")
    return found


def _is_kernel(weight: Any) -> bool:
    return bool(weight.name.endswith("kernel") or weight.name == "embeddings")


def _importance(
    model: Any, kernels: Mapping[str, Any], train: Split, seed: int
) -> dict[str, NDArray[np.float64]]:
    variables = list(kernels.values())
    squares = mean_over_samples(
        model, train, variables, lambda gradients: [g * g for g in gradients],
        samples=_SAMPLES, seed=seed,
    )  # fmt: skip
    return {
        path: _second_order(variable.numpy().astype(np.float64), square)
        for (path, variable), square in zip(kernels.items(), squares, strict=True)
    }


def _second_order(weights: NDArray[np.float64], squares: NDArray[np.float64]) -> Any:
    """Return w^2 E[g^2]; what is zero already goes before what only has no gradient."""
    return np.where(weights == 0, -1.0, weights**2 * squares)


def _largest(
    worth: Mapping[str, NDArray[Any]], rate: float, scope: str
) -> dict[str, NDArray[np.bool_]]:
    if scope == "layer":
        return {
            path: _kept(values.ravel(), rate).reshape(values.shape)
            for path, values in worth.items()
        }
    if scope != "global":
        raise UsageError(f"scope {scope!r} is unknown; it is layer or global")
    flat = [values.ravel() for values in worth.values()]
    kept = np.split(_kept(np.concatenate(flat), rate), np.cumsum([len(values) for values in flat]))
    return {
        path: part.reshape(values.shape)
        for (path, values), part in zip(worth.items(), kept, strict=False)
    }


def _kept(worth: NDArray[Any], rate: float) -> NDArray[np.bool_]:
    """Return False for exactly the share `rate` worth least, the first of equals."""
    kept = np.ones(len(worth), np.bool_)
    kept[np.argsort(worth, kind="stable")[: round(rate * len(worth))]] = False
    return kept


def ramp(rate: float, steps: int) -> Sequence[float]:
    """Return the rates of `steps` prunings that end at `rate`, on the polynomial schedule."""
    return [polynomial_rate((step + 1) / steps, rate) for step in range(steps)]
