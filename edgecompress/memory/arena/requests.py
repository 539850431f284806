"""What a kernel asks of the arena allocator, in its own order, as plain values."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edgecompress.errors import ModelError, UnsupportedModelError
from edgecompress.memory.arena.target import Target
from edgecompress.tflite.graph import Operator, Tensor


@dataclass(frozen=True)
class Persistent:
    """A 16-byte aligned buffer that lives as long as the interpreter."""

    size_bytes: int


@dataclass(frozen=True)
class Scratch:
    """A buffer in the head that lives while its operator runs; an upper bound if not exact."""

    size_bytes: int
    exact: bool = True


@dataclass(frozen=True)
class Inspect:
    """A temporary TfLiteTensor, with which a kernel reads a tensor's type and quantization.

    `zero_points_last` if the kernel reads no zero points of it after its next persistent request,
    which may then overwrite them: TFLM accepts that, and nothing goes wrong.
    """

    tensor: Tensor
    zero_points_last: bool = False


Request = Persistent | Scratch | Inspect


@dataclass(frozen=True)
class Node:
    """An operator with the tensors it names, on a target."""

    operator: Operator
    tensors: tuple[Tensor, ...]
    target: Target

    def input(self, position: int) -> Tensor | None:
        """Return an input tensor, or None where it is left out."""
        return self._tensor(self.operator.inputs, position)

    def output(self, position: int) -> Tensor | None:
        """Return an output tensor, or None where it is left out."""
        return self._tensor(self.operator.outputs, position)

    def _tensor(self, indices: tuple[int, ...], position: int) -> Tensor | None:
        if position >= len(indices) or indices[position] < 0:
            return None
        return self.tensors[indices[position]]

    def refuse(self, why: str) -> UnsupportedModelError:
        """Return the error for an operator that this target's kernel library cannot run."""
        output = self.output(0)
        layer = f", layer {output.name!r}" if output is not None else ""
        return UnsupportedModelError(
            f"operator {self.operator.index} ({self.operator.op}{layer}) does not run with "
            f"{self.target.kernels}: {why}"
        )

    def need(self, tensor: Tensor | None, what: str) -> Tensor:
        """Return a tensor that the operator cannot do without."""
        if tensor is None:
            raise ModelError(
                f"operator {self.operator.index} ({self.operator.op}) lacks its {what}"
            )
        return tensor

    def inspect(self, places: str) -> Iterable[Inspect]:
        """Inspect the tensors at places such as "i0 i1 o0"; those left out are skipped."""
        for place in places.split():
            side = self.input if place[0] == "i" else self.output
            tensor = side(int(place[1:]))
            if tensor is not None:
                yield Inspect(tensor)


Prepare = Callable[[Node], Iterable[Request]]


@dataclass(frozen=True)
class Kernel:
    """How much a kernel takes: its operator data in Init, then the requests of Prepare.

    `op_data_bytes` are sizes by ABI (arm, ilp32, lp64), 0 where Init allocates nothing.
    A kernel that is not `exact` states an upper estimate, never less than TFLM takes.
    """

    op_data_bytes: tuple[int, int, int]
    prepare: Prepare
    exact: bool = True
