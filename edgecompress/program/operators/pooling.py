"""AVERAGE_POOL_2D and MAX_POOL_2D of int8 values."""

from collections.abc import Sequence

from edgecompress.program.activation import activation_range
from edgecompress.program.node import Node
from edgecompress.program.program import Call, Field
from edgecompress.program.window import window_fields
from edgecompress.tflite.graph import Tensor


def average_pool(node: Node) -> Sequence[Call]:
    """Return the call for AVERAGE_POOL_2D."""
    return [_pool(node, "average_pool_s8")]


def max_pool(node: Node) -> Sequence[Call]:
    """Return the call for MAX_POOL_2D."""
    return [_pool(node, "max_pool_s8")]


def _pool(node: Node, kernel: str) -> Call:
    image, output = node.input(0), node.output()
    node.need_type(image, "INT8")
    return Call(
        kernel=kernel,
        layer=node.layer,
        fields=pool_fields(node, image, output),
        inputs=(image.index,),
        outputs=(output.index,),
    )


def pool_fields(node: Node, image: Tensor, output: Tensor) -> dict[str, Field]:
    """Return the fields of a pooling: its window, channels and range of outputs."""
    extent = (int(node.option("filter_height")), int(node.option("filter_width")))
    window = window_fields(node, image, output, extent)
    low, high = activation_range(node, output)
    fields: dict[str, Field] = {
        name.replace("kernel_", "filter_"): value
        for name, value in window.items()
        if not name.startswith("dilation")
    }
    channels = node.int16(image.shape[3], "the number of channels")
    return {**fields, "channels": channels, "low": low, "high": high}
