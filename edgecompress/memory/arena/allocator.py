"""The arena allocator of TFLM: temporary memory grows from the head, persistent from the tail.

Follows tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.cc of the pinned
commit for an arena that is 16-byte aligned and a multiple of 16 bytes long, so that an address
is known by its distance from the nearer end.
"""

ALIGNMENT = 16  # MicroArenaBufferAlignment()


def align_up(size: int, alignment: int = ALIGNMENT) -> int:
    """Round up to a multiple of the alignment."""
    return -(-size // alignment) * alignment


class ArenaAllocator:
    """Counts what is handed out, and the arena that this needs.

    `needed_bytes` is the smallest arena in which no request so far would have met another.
    """

    def __init__(self) -> None:
        self.head_bytes = 0
        self.temporary_end = 0
        self.tail_bytes = 0
        self.needed_bytes = 0
        self._overwritable = 0

    def persistent(self, size: int, alignment: int = ALIGNMENT) -> int:
        """Take from the tail; return the bytes used, with what alignment costs.

        TFLM lets persistent memory grow into temporary memory, unseen: only the end that the
        kernel called overwritable may be met.
        """
        before = self.tail_bytes
        self.tail_bytes = align_up(before + size, alignment)
        self._require(self.temporary_end - self._overwritable)
        return self.tail_bytes - before

    def temporary(self, size: int, alignment: int, overwritable: int = 0) -> None:
        """Take from above the head, until `reset_temporary`; the end may be overwritable."""
        self.temporary_end = align_up(self.temporary_end, alignment) + size
        self._overwritable = overwritable
        self._require(self.temporary_end)

    def reset_temporary(self) -> None:
        """Give all temporary memory back."""
        self.temporary_end = self.head_bytes
        self._overwritable = 0

    def resize_head(self, size: int) -> None:
        """Make the head `size` bytes long."""
        self.head_bytes = size
        self.reset_temporary()
        self._require(size)

    def fill_between(self, size: int) -> None:
        """Require `size` bytes between temporary memory and the tail, both 16-byte aligned."""
        end = align_up(self.temporary_end) + size + align_up(self.tail_bytes)
        self.needed_bytes = max(self.needed_bytes, end)

    def _require(self, low_end: int) -> None:
        self.needed_bytes = max(self.needed_bytes, low_end + self.tail_bytes)
