"""A packed model, and how it came to be."""

from dataclasses import dataclass

from edgecompress.pack.variants import Sizes


@dataclass(frozen=True)
class Step:
    """One way to save, whether it was taken, why, and what the model takes after it."""

    name: str  # "file", "weights", "patches", "order" or "plan"
    done: bool
    what: str
    sizes: Sizes


@dataclass(frozen=True)
class Packed:
    """The packed model, and how it came to be."""

    model: bytes
    before: Sizes
    steps: tuple[Step, ...]

    @property
    def after(self) -> Sizes:
        """What the packed model takes."""
        return self.steps[-1].sizes

    @property
    def arena_bytes(self) -> int:
        """The smallest arena that works on each of the cores."""
        return max(self.after.arena_bytes.values())
