"""What TFLM's DECODE operator reads: a tensor of codes, and one that says how to decode it.

Source of the forms: kernels/decode_state*.{h,cc} of TFLM 90b983c2b and
tensorflow/lite/micro/docs/compression.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgecompress.tflite.decode_form import HEADER_BYTES, VERSION


@dataclass(frozen=True)
class Encoded:
    """A constant as codes. Both parts are bytes, which TFLM wants at multiples of 16."""

    encoding: str  # "look-up table", "Huffman" or "bitmap"
    codes: bytes
    ancillary: bytes

    @property
    def size_bytes(self) -> int:
        """What both parts take."""
        return len(self.codes) + len(self.ancillary)


def header(kind: int, *parameters: int) -> bytes:
    """Return the first bytes of an ancillary tensor: the kind, then parameters of its own."""
    return bytes([kind, VERSION, 0, 0, VERSION, *parameters]).ljust(HEADER_BYTES, b"\0")


def packed_bits(bits: NDArray[np.bool_]) -> bytes:
    """Return eight bits to a byte, the first in the highest place."""
    return np.packbits(bits).tobytes()
