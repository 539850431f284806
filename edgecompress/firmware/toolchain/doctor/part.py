"""A part of the tool chain, and whether it is there."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part of the tool chain. `where` is "" if it was not found, `problem` why it is of no use.

    `needed_for` says which commands miss it, `get` how it is had; `is_required` is of what the
    main commands cannot do without.
    """

    group: str
    name: str
    needed_for: str
    get: str
    version: str = ""
    where: str = ""
    problem: str = ""
    is_required: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether it is there and works."""
        return bool(self.where) and not self.problem


Look = Callable[[], Part]  # finds out about one part; may wait for a program
