"""AVERAGE_POOL_2D and MAX_POOL_2D of int8 values."""

from collections.abc import Sequence

from edgecompress.program.activation import activation_range
from edgecompress.program.node import Node
from edgecompress.program.program import Call, Field
from edgecompress.program.window import window_fields


def average_pool(node: Node) -> Sequence[Call]:
    """Return the call for AVERAGE_POOL_2D."""
    return [_pool(node, "average_pool_s8")]


def max_pool(node: Node) -> Sequence[Call]:
    """Return the call for MAX_POOL_2D."""
    return [_pool(node, "max_pool_s8")]


def _pool(node: Node, kernel: str) -> Call:
    image, output = node.input(0), node.output()
    node.need_type(image, "INT8")
    extent = (int(node.option("filter_height")), int(node.option("filter_width")))
    window = window_fields(node, image, output, extent)
    low, high = activation_range(node, output)
    fields: dict[str, Field] = {
        name.replace("kernel_", "filter_"): value
        for name, value in window.items()
        if not name.startswith("dilation")
    }
    channels = node.int16(image.shape[3], "the number of channels")
    return Call(
        kernel=kernel,
        layer=node.layer,
        fields={**fields, "channels": channels, "low": low, "high": high},
        inputs=(image.index,),
        outputs=(output.index,),
    )
