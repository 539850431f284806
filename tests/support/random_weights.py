"""Random models of one operator whose weights are of int4, or have a scale for each unit."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from support.flatbuffer_models import T, one, options
from support.random_scales import Random, random_tensor


def _scales(random: Random, image: T, output: T, terms: int, channels: int) -> np.ndarray:
    """Scales of weights that leave sums in the output's range, more or less."""
    return np.float32(
        random.uniform(0.3, 3, channels) / np.sqrt(terms) * output.scale / image.scale
    )


def _ends(random: Random, image: T, output: T, kernel: Sequence[int], axis: int, *,
          is_int4: bool) -> list[T]:  # fmt: skip
    channels = kernel[axis]
    count = int(np.prod(kernel))
    scales = _scales(random, image, output, count // channels, channels) / (5 if is_int4 else 64)
    values = random.integers(-127, 128, tuple(kernel)).astype(np.int8)
    if is_int4:
        values = random.integers(0, 256, -(-count // 2)).astype(np.uint8)  # two to a byte
    weights = T(tuple(kernel), "INT4" if is_int4 else "INT8", values, scale=scales.tolist(),
                axis=axis)  # fmt: skip
    bias = T((channels,), "INT32", random.integers(-999, 999, channels, np.int32),
             scale=(scales * np.float32(image.scale)).tolist())  # fmt: skip
    return [image, weights, bias]


def conv_int4(random: Random) -> bytes:
    height, width, depth, channels = random.integers(1, 7, 4).tolist()
    size = int(random.choice([1, 3]))
    image, output = (random_tensor(random, (1, height, width, n)) for n in (depth, channels))
    ends = _ends(random, image, output, (channels, size, size, depth), 0, is_int4=True)
    return one("CONV_2D", ends, [output], options("Conv2DOptions", strideH=1, strideW=1))


def depthwise_int4(random: Random) -> bytes:
    height, width, depth = random.integers(1, 9, 3).tolist()
    multiplier = int(random.choice([1, 2]))
    image = random_tensor(random, (1, height, width, depth))
    output = random_tensor(random, (1, height, width, depth * multiplier))
    ends = _ends(random, image, output, (1, 3, 3, depth * multiplier), 3, is_int4=True)
    return one("DEPTHWISE_CONV_2D", ends, [output],
               options("DepthwiseConv2DOptions", strideH=1, strideW=1,
                       depthMultiplier=multiplier))  # fmt: skip


def dense_by_unit(random: Random) -> bytes:
    """Scales for each unit, over rows of a tensor of three axes."""
    batch, rows, depth, units = random.integers(1, [3, 6, 40, 20]).tolist()
    image, output = (random_tensor(random, (batch, rows, n)) for n in (depth, units))
    ends = _ends(random, image, output, (units, depth), 0, is_int4=False)
    return one("FULLY_CONNECTED", ends, [output],
               options("FullyConnectedOptions", keepNumDims=True))  # fmt: skip


WEIGHTED: Mapping[str, Callable[[Random], bytes]] = {
    "conv_int4": conv_int4, "depthwise_int4": depthwise_int4, "dense_by_unit": dense_by_unit,
}  # fmt: skip
