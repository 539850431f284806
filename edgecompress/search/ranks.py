"""Which convolutions of a model come in two parts, and at which ranks, so that it fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgecompress.graph.separate import Separable, separable, separate
from edgecompress.search.attempt import Job
from edgecompress.search.narrow import converted_shortfall

# A convolution is separated if that saves this share of the model's weights or more.
_WORTHWHILE = 0.01
# While this share of its weights is too much, channels go instead of one more convolution: those
# left are small, and lose much when they are separated.
_NEARLY = 0.3


@dataclass(frozen=True)
class Separated:
    """A model with convolutions in two parts, not trained yet."""

    model: Any
    ranks: dict[str, int]  # by path of the convolution
    fits: bool

    def __str__(self) -> str:
        named = ", ".join(f"{path} (rank {rank})" for path, rank in self.ranks.items())
        return f"depthwise and pointwise convolutions instead of {named}"


def separate_to_fit(job: Job) -> Separated | None:
    """Return the original with as few convolutions in two parts as it takes to fit.

    The room that is left is given to higher ranks. It may not fit: it stops where it nearly does.

    Returns:
        None if no convolution is worth separating.
    """
    layers = _worthwhile(job.original)
    ranks: dict[str, int] = {}
    for layer in layers:
        ranks[layer.path] = 1
        model = separate(job.original, ranks)
        missing = converted_shortfall(job, model)
        if missing <= 0:
            ranks = _raised(job, layers, ranks)
            return Separated(separate(job.original, ranks), ranks, fits=True)
        if missing <= _NEARLY * model.count_params() * job.weight_bits / 8:
            break
    return Separated(model, ranks, fits=False) if ranks else None


def _worthwhile(model: Any) -> tuple[Separable, ...]:
    """Return the convolutions worth separating, those that save most first."""
    least = _WORTHWHILE * model.count_params()
    saving = [(layer.parameters(None) - layer.parameters(1), layer) for layer in separable(model)]
    ordered = sorted(saving, key=lambda pair: -pair[0])
    return tuple(layer for saved, layer in ordered if saved >= least)


def _raised(job: Job, layers: Sequence[Separable], ranks: dict[str, int]) -> dict[str, int]:
    """Raise ranks while the model fits: first where a byte wins back most of what was lost."""
    open_layers = [layer for layer in layers if layer.path in ranks]
    while open_layers:
        layer = max(open_layers, key=lambda layer: _gain(layer, ranks[layer.path]))
        higher = {**ranks, layer.path: ranks[layer.path] + 1}
        pays = layer.parameters(higher[layer.path]) < layer.parameters(None)
        if pays and converted_shortfall(job, separate(job.original, higher)) <= 0:
            ranks = higher
        else:
            open_layers.remove(layer)
    return ranks


def _gain(layer: Separable, rank: int) -> float:
    """Return the share of the kernel won back by the next rank, for each weight it takes."""
    last = len(layer.lost) - 1
    won = layer.lost[min(rank - 1, last)] - layer.lost[min(rank, last)]
    return won / layer.parameters(1)
