"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from collections.abc import Sequence

from edgecompress.program.activation import activation_range
from edgecompress.program.node import Node
from edgecompress.program.operands import of_type
from edgecompress.program.program import Call, Field
from edgecompress.program.window import clearance_bytes, window_fields
from edgecompress.tflite.graph import ELEMENT_BYTES


def average_pool(node: Node) -> Sequence[Call]:
    """Return the call for AVERAGE_POOL_2D."""
    return [_pool(node, is_average=True)]


def max_pool(node: Node) -> Sequence[Call]:
    """Return the call for MAX_POOL_2D."""
    return [_pool(node, is_average=False)]


def _pool(node: Node, *, is_average: bool) -> Call:
    image, output = node.input(0), node.output()
    extent = (int(node.option("filter_height")), int(node.option("filter_width")))
    window = window_fields(node, image, output, extent)
    low, high = activation_range(node, output)
    channels = node.int16(image.shape[3], "the number of channels")
    fields: dict[str, Field] = {
        name.replace("kernel_", "filter_"): value
        for name, value in window.items()
        if not name.startswith("dilation")
    }
    pixel_bytes = int(channels * ELEMENT_BYTES[image.type])
    return Call(
        kernel=of_type(node, "pool", image, output),
        layer=node.layer,
        fields={
            **fields,
            "channels": channels,
            "low": low,
            "high": high,
            "is_average": int(is_average),
        },
        inputs=(image.index,),
        outputs=(output.index,),
        clearance_bytes=clearance_bytes(window, pixel_bytes, pixel_bytes, 0),
    )
