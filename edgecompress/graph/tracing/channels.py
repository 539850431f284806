"""Which weights of a model belong to the same channel: union-find over the channels of producers.

A producer is a weight axis along which a layer makes channels of its own (the filters of a
convolution, the units of a dense layer). Every channel of every producer is an atom. Following the
atoms through the graph shows which weight slices hold them (indexed axes), and which atoms can only
be removed together (united). After Fang et al., DepGraph: Towards Any Structural Pruning
(CVPR 2023, arXiv:2301.12900), at the level of single channels.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Channels = npt.NDArray[np.int64]  # atoms along one axis of a tensor or weight
Axes = tuple[Channels | None, ...]  # per axis of a tensor; None where it holds no known channels

# producer: makes the channels; consumer: reads them, so zeroing its slice removes their effect;
# carrier: belongs to the channels without reading or making them (bias, batch norm, depthwise).
Role = Literal["producer", "consumer", "carrier"]


@dataclass(frozen=True)
class Traced:
    """The channels of one tensor, axis by axis, batch first."""

    shape: tuple[int | None, ...]
    axes: Axes
    origin: str  # why axes without channels must stay as they are

    def held(self) -> list[tuple[int, Channels]]:
        """Return each axis that holds channels, with them."""
        return [(axis, atoms) for axis, atoms in enumerate(self.axes) if atoms is not None]


@dataclass(frozen=True)
class Indexed:
    """One axis of a weight whose positions are channels."""

    layer: Any
    variable: Any
    axis: int
    channels: Channels
    role: Role


class Trace:
    """Collects atoms, what unites and freezes them, and the weights and sizes they index."""

    def __init__(self) -> None:
        self.paths: dict[int, str] = {}  # id of a layer -> its path in the model
        self.indexed: dict[tuple[int, int], Indexed] = {}  # by (id of variable, axis)
        self.sizes: dict[tuple[int, str, int], Channels | None] = {}  # (id of layer, key, position)
        self.producers: dict[int, Channels] = {}  # by id of layer
        self.frozen: list[tuple[Channels, str]] = []
        self.read: dict[int, tuple[Traced, ...]] = {}  # what a call was given, by id of its node
        self._parents: list[int] = []

    def path(self, layer: Any) -> str:
        """Return the layer's path in the model."""
        return self.paths.get(id(layer), str(layer.name))

    def describe(self, layer: Any) -> str:
        """Return path and class of a layer, as messages name it."""
        return f"{self.path(layer)} ({type(layer).__name__})"

    def produce(self, layer: Any, count: int) -> Channels:
        """Return the atoms of the channels `layer` makes: the same ones at every call of it."""
        if id(layer) not in self.producers:
            self.producers[id(layer)] = self._atoms(count)
        return self.producers[id(layer)]

    def fixed(self, count: int, reason: str) -> Channels:
        """Return atoms that may not be removed."""
        atoms = self._atoms(count)
        self.freeze(atoms, reason)
        return atoms

    def channels(self, tensor: Traced, axis: int) -> Channels:
        """Return the atoms along `axis` of known size, fixed ones where it holds no channels."""
        channels, size = tensor.axes[axis], tensor.shape[axis]
        if channels is None and size is None:
            raise ValueError("an axis of unknown size has no channels")
        return self.fixed(size or 0, tensor.origin) if channels is None else channels

    def freeze(self, channels: Channels | None, reason: str, *, first: bool = False) -> None:
        """Note that none of `channels` may be removed; `first` puts the reason before others."""
        if channels is not None:
            self.frozen.insert(0 if first else len(self.frozen), (channels, reason))

    def unite(self, first: Channels, second: Channels) -> None:
        """Note that first[i] and second[i] can only be removed together."""
        differ = first != second
        for a, b in zip(first[differ].tolist(), second[differ].tolist(), strict=True):
            low, high = sorted((self.root(a), self.root(b)))
            self._parents[high] = low

    def root(self, atom: int) -> int:
        """Return the first of all atoms united with `atom`."""
        parents = self._parents
        while parents[atom] != atom:
            parents[atom] = parents[parents[atom]]
            atom = parents[atom]
        return atom

    def roots(self) -> Channels:
        """Return the root of every atom."""
        return np.array([self.root(atom) for atom in range(len(self._parents))], np.int64)

    def index(self, layer: Any, variable: Any, axis: int, channels: Channels, role: Role) -> None:
        """Note that positions along a weight's axis are `channels`; a second call unites both."""
        if variable is None:
            return
        key = (id(variable), axis % len(variable.shape))
        if key in self.indexed:
            self.unite(self.indexed[key].channels, channels)
        else:
            self.indexed[key] = Indexed(layer, variable, key[1], channels, role)

    def size(self, layer: Any, key: str, channels: Channels | None, position: int = 0) -> None:
        """Note that a number in the layer's configuration counts `channels` (None: it is fixed)."""
        place = (id(layer), key, position)
        if place not in self.sizes:
            self.sizes[place] = channels
            return
        known, reason = self.sizes[place], f"{self.describe(layer)} is shared with fixed channels"
        if known is not None and channels is not None:
            self.unite(known, channels)
        else:
            self.freeze(known, reason)
            self.freeze(channels, reason)

    def _atoms(self, count: int) -> Channels:
        start = len(self._parents)
        self._parents.extend(range(start, start + count))
        return np.arange(start, start + count, dtype=np.int64)
