"""Constants whose values are not equally frequent: Huffman's codes, the shorter the more frequent.

TFLM decodes by tables: as many bits as the first table has are looked up at once. An entry is a
value, with the bits that were really of its code, or leads to a further table, with the bits that
are looked up there. Tables are made here so that they take the fewest bytes together.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from edgecompress.pack.encodings.encoded import Encoded, header, packed_bits
from edgecompress.tflite.decode_form import (
    COUNT_SHIFT,
    FOUND,
    HUFFMAN,
    INITIAL_SHIFT,
    MOST_TABLE_BITS,
)

_WORD_BITS = 32  # TFLM reads codes by words


@dataclass(frozen=True)
class _Leaf:
    value: int


@dataclass(frozen=True)
class _Fork:
    """A fork of the tree. `entries` of tables decode what is below it, `width` bits at once."""

    zero: "_Leaf | _Fork"
    one: "_Leaf | _Fork"
    width: int
    entries: int


_Tree = _Leaf | _Fork


def huffman(values: NDArray[np.int8]) -> Encoded | None:
    """Encode values of any shape; None if they are all the same."""
    found, place, times = np.unique(values, return_inverse=True, return_counts=True)
    if len(found) == 1:
        return None
    tree = _tree(dict(zip(found.tolist(), times.tolist(), strict=True)))
    codes = _codes(tree)
    bits = _stream([codes[value] for value in found.tolist()], place.ravel())
    # A table may be looked up by more bits than are left of the last code.
    words = -(-(len(bits) + MOST_TABLE_BITS) // _WORD_BITS)
    padded = np.pad(bits, (0, words * _WORD_BITS - len(bits)))
    return Encoded(
        "Huffman",
        packed_bits(padded),
        header(HUFFMAN, tree.width - 1 << INITIAL_SHIFT) + np.array(_tables(tree), "<u2").tobytes(),
    )


def _tree(times: Mapping[int, int]) -> _Fork:
    """Return Huffman's tree for values and how often they occur."""
    order = count()
    heap: list[tuple[int, int, _Tree]] = [
        (often, next(order), _Leaf(value)) for value, often in times.items()
    ]
    heapq.heapify(heap)
    while True:
        (one, _, left), (other, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        fork = _fork(left, right)
        if not heap:
            return fork
        heapq.heappush(heap, (one + other, next(order), fork))


def _fork(zero: _Tree, one: _Tree) -> _Fork:
    """Return a fork with the width of its table that leaves the fewest entries, the widest such."""
    best, level = (1 << MOST_TABLE_BITS + 1, 0), [zero, one]
    for width in range(1, MOST_TABLE_BITS + 1):
        forks = [node for node in level if isinstance(node, _Fork)]
        entries = (1 << width) + sum(fork.entries for fork in forks)
        best = min(best, (entries, -width))
        level = [child for fork in forks for child in (fork.zero, fork.one)]
    return _Fork(zero, one, -best[1], best[0])


def _codes(tree: _Tree, prefix: str = "") -> dict[int, str]:
    if isinstance(tree, _Leaf):
        return {tree.value: prefix}
    return _codes(tree.zero, prefix + "0") | _codes(tree.one, prefix + "1")


def _stream(codes: list[str], order: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return the codes' bits one after the other; `order` has the code of each value."""
    lengths = np.array([len(code) for code in codes])
    letters = np.array([list(code.ljust(lengths.max(), "0")) for code in codes]) == "1"
    used = np.arange(lengths.max()) < lengths[:, None]
    bits: NDArray[np.bool_] = letters[order][used[order]]
    return bits


def _tables(fork: _Fork) -> list[int]:
    """Return the entries of a fork's table, then those of the tables that it leads to."""
    rows = list(_rows(fork, fork.width))
    entries = [0] * len(rows)
    for place, (node, depth) in enumerate(rows):
        if isinstance(node, _Leaf):
            entries[place] = FOUND | depth << COUNT_SHIFT | node.value & 0xFF
        else:
            entries[place] = node.width - 1 << COUNT_SHIFT | len(entries) - place
            entries += _tables(node)
    return entries


def _rows(tree: _Tree, width: int, depth: int = 0) -> Iterator[tuple[_Tree, int]]:
    """Yield for all values of `width` bits the node they lead to, and how many bits that takes."""
    if depth == width or isinstance(tree, _Leaf):
        yield from [(tree, depth)] * (1 << width - depth)
        return
    yield from _rows(tree.zero, width, depth + 1)
    yield from _rows(tree.one, width, depth + 1)
