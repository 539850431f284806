"""What a kernel is given: a tensor of the arena, or values in flash."""

from edgecompress.program.node import values_of
from edgecompress.program.program import Constant, Operand
from edgecompress.tflite.graph import Tensor


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
