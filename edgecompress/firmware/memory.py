"""The flash and RAM of a board that an image is linked into."""

from collections.abc import Sequence

from edgecompress.board import Board, Region
from edgecompress.firmware.targets import Memory


def board_memory(board: Board) -> tuple[Memory, Memory]:
    """Return the flash and the RAM that offer most, without what others have reserved there."""
    return _largest(board.flash), _largest(board.ram)


def _largest(regions: Sequence[Region]) -> Memory:
    region = max(regions, key=lambda region: region.available_bytes)
    return Memory(region.name, region.available_address, region.available_bytes)
