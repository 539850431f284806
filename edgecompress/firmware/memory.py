"""The flash and RAM of a board that an image is linked into."""

from edgecompress.board import Board, Region
from edgecompress.firmware.targets import Memory


def board_memory(board: Board) -> tuple[Memory, Memory]:
    """Return the flash that offers most and the main RAM, without what others have reserved."""
    flash = max(board.flash, key=lambda region: region.available_bytes)
    return _memory(flash), _memory(board.ram[0])


def _memory(region: Region) -> Memory:
    return Memory(region.name, region.available_address, region.available_bytes)
