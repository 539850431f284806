"""Operators as tasks: what must run before each, and what memory each takes and gives back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from edgecompress.pack.in_place import IN_PLACE
from edgecompress.tflite.graph import Operator, Subgraph

# They act on what other operators see beside their tensors.
_STATEFUL = frozenset(
    {"ASSIGN_VARIABLE", "CALL_ONCE", "IF", "READ_VARIABLE", "VAR_HANDLE", "WHILE"}
)


@dataclass(frozen=True)
class Value:
    """A tensor in the head of the arena. Operators are bits; `is_output` lives to the end."""

    size_bytes: int
    readers: int
    is_output: bool


@dataclass(frozen=True)
class Tasks:
    """The operators of a subgraph, numbered as they run.

    Attributes:
        before: by operator, the operators (bits) that must have run.
        made, read: by operator, the tensors it writes and reads.
        extra_bytes: by operator, what it needs while it runs.
        in_place: operators whose output lies where their input did, if that ends with them.
        values: by tensor; constants and variables are not among them.
        inputs: tensors that are there from the start.
    """

    before: tuple[int, ...]
    made: tuple[tuple[int, ...], ...]
    read: tuple[tuple[int, ...], ...]
    extra_bytes: tuple[int, ...]
    in_place: frozenset[int]
    values: Mapping[int, Value]
    inputs: tuple[int, ...]

    @cached_property
    def start_bytes(self) -> int:
        """Bytes in use before the first operator."""
        return sum(self.values[tensor].size_bytes for tensor in self.inputs)

    @cached_property
    def _taken(self) -> Sequence[int]:
        """By operator, the bytes of the tensors it writes."""
        return [sum(self.values[tensor].size_bytes for tensor in made) for made in self.made]

    @cached_property
    def _given(self) -> Sequence[Sequence[tuple[int, int]]]:
        """By operator, size and readers of the tensors that may end with it."""
        return [
            [(self.values[t].size_bytes, self.values[t].readers) for t in (*made, *read)
             if not self.values[t].is_output]
            for made, read in zip(self.made, self.read, strict=True)
        ]  # fmt: skip

    def run(self, done: int, live_bytes: int, operator: int) -> tuple[int, int]:
        """Return the bytes in use while an operator runs after those `done`, and after it."""
        waiting = ~(done | 1 << operator)
        taken = self._taken[operator]
        ended = sum(size for size, readers in self._given[operator] if not readers & waiting)
        shared = taken if operator in self.in_place and ended >= taken else 0
        during = live_bytes + taken
        return during - shared + self.extra_bytes[operator], during - ended

    def peak(self, order: Sequence[int]) -> int:
        """Return the most bytes in use when operators run in an order."""
        done, live, most = 0, self.start_bytes, self.start_bytes
        for operator in order:
            during, live = self.run(done, live, operator)
            most, done = max(most, during), done | 1 << operator
        return most


def tasks_of(
    subgraph: Subgraph, size_bytes: Mapping[int, int], extra_bytes: Sequence[int]
) -> Tasks | None:
    """Return a subgraph's operators as tasks; None if a tensor is written twice.

    Args:
        subgraph: the operators.
        size_bytes: of the tensors that lie in the head, by their numbers.
        extra_bytes: by operator, what its kernel needs beside them.
    """
    writers: dict[int, int] = dict.fromkeys(subgraph.inputs, -1)
    for number, operator in enumerate(subgraph.operators):
        for tensor in operator.outputs:
            if tensor in writers:
                return None
            writers[tensor] = number
    readers = dict.fromkeys(size_bytes, 0)
    for number, operator in enumerate(subgraph.operators):
        for tensor in operator.inputs:
            if tensor in readers:
                readers[tensor] |= 1 << number
    values = {
        tensor: Value(size, readers[tensor], tensor in subgraph.outputs)
        for tensor, size in size_bytes.items()
    }
    return Tasks(
        before=tuple(_before(subgraph, writers)),
        made=_of_values(values, [operator.outputs for operator in subgraph.operators]),
        read=_of_values(values, [operator.inputs for operator in subgraph.operators]),
        extra_bytes=tuple(extra_bytes),
        in_place=frozenset(i for i, op in enumerate(subgraph.operators) if op.op == IN_PLACE),
        values=values,
        inputs=tuple(tensor for tensor in dict.fromkeys(subgraph.inputs) if tensor in values),
    )


def _of_values(
    values: Mapping[int, Value], tensors: Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(dict.fromkeys(t for t in row if t in values)) for row in tensors)


def _before(subgraph: Subgraph, writers: Mapping[int, int]) -> Iterator[int]:
    last: dict[object, int] = {}  # operator that touched a state, by the state
    for number, operator in enumerate(subgraph.operators):
        earlier = {writers.get(tensor, -1) for tensor in operator.inputs}
        for state in _states(subgraph, operator):
            earlier.add(last.get(state, -1))
            last[state] = number
        yield sum(1 << other for other in earlier if other >= 0)


def _states(subgraph: Subgraph, operator: Operator) -> Iterator[object]:
    """Yield what an operator may change that others see: those keep their order."""
    if operator.op in _STATEFUL or operator.op.startswith("CUSTOM:"):
        yield "resources"
    tensors = {*operator.inputs, *operator.outputs} - {-1}
    yield from (tensor for tensor in sorted(tensors) if subgraph.tensors[tensor].is_variable)
