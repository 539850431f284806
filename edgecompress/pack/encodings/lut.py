"""Constants of few different values: indices of 1 to 7 bits into a table for each channel."""

import numpy as np
from numpy.typing import NDArray

from edgecompress.pack.encodings.encoded import Encoded, header, packed_bits
from edgecompress.tflite.decode_form import LOOK_UP_TABLE, MOST_INDEX_BITS


def look_up_table(values: NDArray[np.int8], channels: int, axis: int) -> Encoded | None:
    """Encode values; None if one of the tables would need more than 128 entries.

    Args:
        values: of any shape.
        channels: how many scales the tensor has. TFLM takes as many tables.
        axis: along which the channels lie, the first or the last; of no matter for one.
    """
    last = channels > 1 and axis > 0
    rows = (np.moveaxis(values, axis, 0) if last else values).reshape(channels, -1)
    tables = [np.unique(row) for row in rows]
    bits = max(1, int(max(map(len, tables)) - 1).bit_length())
    if bits > MOST_INDEX_BITS:
        return None
    stride = max(map(len, tables))
    indices = np.stack([np.searchsorted(*pair) for pair in zip(tables, rows, strict=True)])
    if last:
        indices = np.moveaxis(indices.reshape(channels, *values.shape[:axis]), 0, axis)
    places = np.arange(bits - 1, -1, -1)
    content = b"".join(table.astype(np.int8).tobytes().ljust(stride, b"\0") for table in tables)
    return Encoded(
        "look-up table",
        packed_bits((indices.ravel()[:, None] >> places & 1).astype(np.bool_)),
        header(LOOK_UP_TABLE, bits, stride) + content,
    )
