"""Where the window of a convolution or a pooling lies on its input."""

from edgecompress.program.node import Node
from edgecompress.tflite.graph import Tensor


def pad_before(
    size: int, out: int, kernel: int, stride: int, *, dilation: int, padding: str
) -> int:
    """Return how many places before the input the first window begins, along one axis.

    Source: TFLite's "SAME" padding, of which the smaller half goes before
    (tensorflow/lite/kernels/padding.h).
    """
    if padding != "SAME":
        return 0
    reach = (kernel - 1) * dilation + 1
    return max((out - 1) * stride + reach - size, 0) // 2


def window_fields(
    node: Node, image: Tensor, output: Tensor, kernel: tuple[int, int]
) -> dict[str, int]:
    """Return the fields that kernels with a window share: sizes, stride, dilation and padding.

    Args:
        node: the operator, with the schema's names for stride, dilation and padding.
        image: [1, height, width, channels].
        output: the same.
        kernel: height and width.
    """
    fields: dict[str, int] = {}
    sizes = {"height": 1, "width": 2}
    for (axis, place), extent in zip(sizes.items(), kernel, strict=True):
        stride = int(node.option(f"stride_{axis[0]}"))
        dilation = int(node.option(f"dilation_{axis[0]}_factor", 1)) or 1
        fields[f"in_{axis}"] = node.int16(image.shape[place], f"the input's {axis}")
        fields[f"out_{axis}"] = node.int16(output.shape[place], f"the output's {axis}")
        fields[f"kernel_{axis}"] = node.int16(extent, f"the kernel's {axis}")
        fields[f"stride_{axis}"] = stride
        fields[f"dilation_{axis}"] = dilation
        fields["pad_top" if axis == "height" else "pad_left"] = pad_before(
            image.shape[place], output.shape[place], extent, stride,
            dilation=dilation, padding=str(node.option("padding")),
        )  # fmt: skip
    return fields
