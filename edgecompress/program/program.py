"""What flows here: kernel calls with constant descriptors, and the memory they work in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

# C's type of the elements of a tensor, by schema type name.
C_TYPES: Mapping[str, str] = {
    "INT8": "int8_t", "UINT8": "uint8_t", "INT16": "int16_t", "INT32": "int32_t",
    "UINT32": "uint32_t", "INT64": "int64_t", "BOOL": "uint8_t",
}  # fmt: skip


@dataclass(frozen=True)
class Constant:
    """An array in flash. `of_model` if its values are the model's: weights and biases."""

    role: str  # what it is to the kernel: "weights"
    ctype: str
    values: NDArray[Any] = field(repr=False)
    of_model: bool = False

    @property
    def size_bytes(self) -> int:
        """Bytes in flash."""
        return self.values.nbytes


@dataclass(frozen=True, eq=False)
class State:
    """An array that lives from one inference to the next; `first` holds its values before any."""

    name: str
    ctype: str
    first: NDArray[Any] = field(repr=False)

    @property
    def size_bytes(self) -> int:
        """Bytes of RAM."""
        return self.first.nbytes


Field = int | Constant | Sequence["Field"]  # the last for a struct or an array
Operand = int | Constant | State  # a tensor's index, values in flash, or what is remembered


@dataclass(frozen=True)
class Call:
    """A kernel that is called once in each inference.

    `kernel` is the name of its files ("conv_s8"); `fields` fill its descriptor, by the names that
    its header gives them.
    """

    kernel: str
    layer: str
    fields: Mapping[str, Field]
    inputs: tuple[Operand, ...]
    outputs: tuple[int | State, ...]
    scratch_bytes: int = 0
    in_place: tuple[int, ...] = ()  # positions of inputs whose memory the first output may take
    # The first output may lie over the first input, if that begins so many bytes after it.
    clearance_bytes: int | None = None
    frugal: "Call | None" = None  # the same with less scratch, for more instructions
    macs: int = 0


@dataclass(frozen=True)
class View:
    """A tensor that lies inside another one, or in a state: nothing is copied.

    `instead` is the call that copies it, for where the memory plan cannot have it so.
    """

    tensor: int
    inside: int | State
    offset_bytes: int
    instead: Call


Step = Call | View


@dataclass(frozen=True)
class Place:
    """Where a tensor lies in the arena, and which calls it lives through."""

    tensor: int
    name: str
    size_bytes: int
    offset_bytes: int
    first: int  # the call that writes it; -1 for an input of the model
    last: int  # the last that reads it; the number of calls for an output


@dataclass(frozen=True)
class Program:
    """A model, ready to be written as C or to be measured. Calls are in order.

    No plan for these calls takes less than `least_arena_bytes`.
    """

    calls: tuple[Call, ...]
    places: Mapping[int, Place]  # by tensor
    scratch_offsets: tuple[int, ...]  # by call, in bytes; -1 where there is none
    arena_bytes: int
    least_arena_bytes: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    states: tuple[State, ...] = ()
    in_states: Mapping[int, tuple[State, int]] = field(default_factory=dict)  # offsets in bytes
