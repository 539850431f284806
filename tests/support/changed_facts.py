"""JSON documents in which one value was replaced, or taken away."""

import copy
import math
from collections.abc import Iterator
from random import Random
from typing import Any

_VALUES = (
    None, True, -1, 0, 0.5, math.inf, math.nan, 2**70, "", "\x00", "../../x", "a" * 5000, [], [[]],
    {}, {"a": 1},
)  # fmt: skip


def changed(document: Any, random: Random) -> tuple[str, Any]:
    """Return a copy that was changed in one place, and what was done."""
    result = copy.deepcopy(document)
    depth = random.choice([1, 2, 3, 9])
    *above, last = random.choice([path for path in _paths(result) if 0 < len(path) <= depth])
    holder = result
    for key in above:
        holder = holder[key]
    if random.random() < 0.25:
        del holder[last]
        return f"{above}, {last}: removed", result
    holder[last] = random.choice(_VALUES)
    return f"{above}, {last}: {holder[last]!r:.40}", result


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield from _paths(value[key], (*path, key))
