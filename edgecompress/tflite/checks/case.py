"""An operator with its tensors, as the rules of sound models see it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgecompress.tflite.graph import Operator, Tensor

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """An operator with its tensors, as rules see it."""

    operator: Operator
    tensors: Sequence[Tensor]

    def tensor(self, place: int) -> Tensor | None:
        """Return an input, None where it is left out."""
        inputs = self.operator.inputs
        there = place < len(inputs) and inputs[place] >= 0
        return self.tensors[inputs[place]] if there else None

    def shape(self, place: int) -> Shape:
        """Return the shape of an input, that of a scalar where it is left out."""
        tensor = self.tensor(place)
        return tensor.shape if tensor else ()

    def output(self, place: int = 0) -> Shape:
        """Return the shape of an output."""
        return self.tensors[self.operator.outputs[place]].shape

    def outputs(self) -> list[Shape]:
        """Return the shapes of all outputs."""
        return [self.output(place) for place in range(len(self.operator.outputs))]

    def inputs(self) -> list[Shape]:
        """Return the shapes of all inputs."""
        return [self.shape(place) for place in range(len(self.operator.inputs))]

    def option(self, name: str, default: int = 0) -> int:
        """Return a number among the options."""
        return int(self.operator.options.get(name, default))

    def values(self, place: int) -> list[int] | None:
        """Return the values of a constant of whole numbers, None if it is none."""
        tensor = self.tensor(place)
        if tensor is None or tensor.data is None or tensor.type not in ("INT32", "INT64"):
            return None
        content = bytes(tensor.data)[: tensor.size_bytes]
        values: list[int] = np.frombuffer(content, tensor.type.lower()).tolist()
        return values


Rule = Callable[[Case], Iterator[str]]  # what is wrong, for a message: "has a stride of 0"


def axis_within(axis: int, rank: int) -> Iterator[str]:
    """Check an axis, which may be counted from the end."""
    if not -rank <= axis < rank:
        yield f"works along axis {axis} of a tensor of {rank} dimensions"
