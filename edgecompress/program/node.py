"""An operator with its tensors, as the functions that lower it see it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecompress.errors import ModelError, UnsupportedModelError
from edgecompress.tflite.graph import Operator, Subgraph, Tensor
from edgecompress.tflite.names import short_name

_LARGEST_FIELD = np.iinfo(np.int16).max


@dataclass(frozen=True)
class Node:
    """An operator of a subgraph."""

    operator: Operator
    subgraph: Subgraph

    def input(self, position: int) -> Tensor:
        """Return an input tensor that the operator cannot do without."""
        tensor = self.optional(position)
        if tensor is None:
            raise ModelError(f"{self.where} lacks its input {position}")
        return tensor

    def optional(self, position: int) -> Tensor | None:
        """Return an input tensor, None where it is left out."""
        indices = self.operator.inputs
        if position >= len(indices) or indices[position] < 0:
            return None
        return self.subgraph.tensors[indices[position]]

    def output(self, position: int = 0) -> Tensor:
        """Return an output tensor."""
        if position >= len(self.operator.outputs):
            raise ModelError(f"{self.where} lacks its output {position}")
        return self.subgraph.tensors[self.operator.outputs[position]]

    def option(self, name: str, default: Any = 0) -> Any:
        """Return an option by the schema's name for it."""
        return self.operator.options.get(name, default)

    @property
    def layer(self) -> str:
        """The layer that the operator comes from, by the name of its output."""
        outputs = self.operator.outputs
        return short_name(self.subgraph.tensors[outputs[0]].name) if outputs else self.operator.op

    @property
    def where(self) -> str:
        """The operator, for messages."""
        op = self.operator.op.removeprefix("CUSTOM:")
        return f"operator {self.operator.index} ({op}, layer '{self.layer}')"

    def refuse(self, why: str) -> UnsupportedModelError:
        """Return the error for what the C runtime cannot run, and TFLM can."""
        return UnsupportedModelError(
            f"the C runtime cannot run {self.where}: {why}; `--runtime tflm` runs it"
        )

    def need_type(self, tensor: Tensor, *types: str) -> None:
        """Refuse a tensor of another type."""
        if tensor.type not in types:
            raise self.refuse(f"'{short_name(tensor.name)}' is {tensor.type}")

    def int16(self, value: int, what: str) -> int:
        """Return a number that a descriptor holds in 16 bits; refuse a larger one."""
        if not -_LARGEST_FIELD <= value <= _LARGEST_FIELD:
            raise self.refuse(f"{what} is {value:,}, and {_LARGEST_FIELD:,} is the most")
        return value


def values_of(tensor: Tensor) -> NDArray[Any]:
    """Return a constant's values in its shape; those of INT4 unpacked to int8.

    Raises:
        ModelError: the tensor is not a constant.
    """
    if tensor.data is None:
        raise ModelError(f"tensor {tensor.index} ({tensor.name}) is no constant")
    content = bytes(tensor.data)[: tensor.size_bytes]
    if tensor.type == "INT4":  # two to a byte, the lower half first
        packed = np.frombuffer(content, np.uint8)
        nibbles = np.stack([packed & 15, packed >> 4], axis=-1).ravel()[: tensor.elements]
        return ((nibbles.astype(np.int8) ^ 8) - 8).reshape(tensor.shape)
    dtype = np.dtype("bool" if tensor.type == "BOOL" else tensor.type.lower())
    return np.frombuffer(content, dtype).reshape(tensor.shape)


def scale_of(tensor: Tensor) -> float:
    """Return the one scale of a tensor."""
    if tensor.quantization is None:
        raise ModelError(f"tensor {tensor.index} ({tensor.name}) has no scale")
    return tensor.quantization.scales[0]


def zero_point_of(tensor: Tensor) -> int:
    """Return the one zero point of a tensor, 0 where none is stored."""
    quantization = tensor.quantization
    return quantization.zero_points[0] if quantization and quantization.zero_points else 0
