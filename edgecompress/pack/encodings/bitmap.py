"""Constants of many zeros: a bit for each value, and the values that are not zero."""

import numpy as np
from numpy.typing import NDArray

from edgecompress.pack.encodings.encoded import Encoded, header, packed_bits
from edgecompress.tflite.decode_form import PRUNED


def bitmap(values: NDArray[np.int8]) -> Encoded:
    """Encode values of any shape whose zero point is 0."""
    flat = values.ravel()
    kept = flat != 0
    return Encoded("bitmap", packed_bits(kept), header(PRUNED) + flat[kept].tobytes())
