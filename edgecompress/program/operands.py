"""What a kernel is given: a tensor of the arena, or values in flash; and of which type."""

from collections.abc import Mapping

from edgecompress.program.node import Node, values_of
from edgecompress.program.program import Constant, Operand
from edgecompress.tflite.graph import Tensor

# How kernels of a type end, by the type.
_SUFFIXES: Mapping[str, str] = {"INT8": "s8", "INT16": "s16"}


def of_type(node: Node, kernel: str, *tensors: Tensor) -> str:
    """Return the name of a kernel for tensors that are all int8 or all int16; refuse others."""
    first = tensors[0]
    node.need_type(first, *_SUFFIXES)
    for tensor in tensors:
        node.need_type(tensor, first.type)
    return f"{kernel}_{_SUFFIXES[first.type]}"


def operand(tensor: Tensor) -> Operand:
    """Return a tensor as a kernel's input: its place in the arena, or its values in flash."""
    if tensor.data is None:
        return tensor.index
    values = values_of(tensor)
    ctype = "uint8_t" if values.dtype == bool else f"{values.dtype.name}_t"
    return Constant("constant", ctype, values.ravel(), of_model=True)


def in_place_inputs(output: Tensor, *inputs: Tensor) -> tuple[int, ...]:
    """Return the positions of inputs as large as the output, whose memory it may take."""
    return tuple(
        position
        for position, tensor in enumerate(inputs)
        if tensor.data is None and tensor.elements == output.elements and tensor.type == output.type
    )
