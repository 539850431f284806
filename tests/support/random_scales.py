"""Shapes, scales and zero points of random models."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from support.flatbuffer_models import T

Random = np.random.Generator


def random_scale(random: Random, low: float = -9, high: float = 0) -> float:
    return float(np.float32(2.0 ** random.uniform(low, high)))


def random_zero(random: Random) -> int:
    return int(random.choice([-128, 127, 0, random.integers(-128, 128)]))


def random_tensor(random: Random, shape: Sequence[int], **fixed: Any) -> T:
    fields = {"scale": random_scale(random), "zero_point": random_zero(random), **fixed}
    return T(tuple(map(int, shape)), **fields)


def random_shape(random: Random, rank: int | None = None, most: int = 6) -> tuple[int, ...]:
    rank = int(random.integers(1, 5)) if rank is None else rank
    return tuple(int(n) for n in (1, *random.integers(1, most + 1, rank - 1)))
