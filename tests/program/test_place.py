"""Buffers that live at the same time share no byte, but for pairs that may."""

import numpy as np
import pytest

from edgecompress.program.place import Overlap, Request, placed


def _chain(random: np.random.Generator) -> tuple[list[Request], list[Overlap]]:
    """Buffers of calls in a row, some of which may be written over what they read."""
    sizes = random.integers(1, 50, 8) * 4
    requests = [Request(int(size), i - 1, i) for i, size in enumerate(sizes)]
    overlaps = [
        Overlap(i + 1, i, int(random.integers(0, sizes[i + 1] // 4)) * 4)
        for i in range(7)
        if random.random() < 0.7
    ]
    others = [Request(int(random.integers(1, 50)) * 4, 0, 7) for _ in range(2)]
    scratch = [Request(int(random.integers(1, 20)) * 4, i, i, 8) for i in range(0, 8, 2)]
    return [*requests, *others, *scratch], overlaps


@pytest.mark.parametrize("seed", range(30))
def test_buffers_meet_only_as_they_may(seed):
    requests, overlaps = _chain(np.random.default_rng(seed))
    offsets, size = placed(requests, overlaps)
    clearances = {(o.written, o.read): o.clearance_bytes for o in overlaps}
    for i, one in enumerate(requests):
        assert offsets[i] % one.alignment_bytes == 0
        assert offsets[i] + one.size_bytes <= size
        for j, other in enumerate(requests[:i]):
            if one.first > other.last or other.first > one.last:
                continue
            is_apart = (
                offsets[i] >= offsets[j] + other.size_bytes
                or offsets[j] >= offsets[i] + one.size_bytes
            )
            is_allowed = any(
                offsets[read] >= offsets[written] + clearances[written, read]
                for written, read in ((i, j), (j, i))
                if (written, read) in clearances
            )
            assert is_apart or is_allowed


def test_an_output_lies_over_its_input():
    image, smaller = Request(1000, 0, 1), Request(800, 1, 2)
    assert placed([image, smaller])[1] == 1800
    assert placed([image, smaller], [Overlap(written=1, read=0, clearance_bytes=40)])[1] == 1040
